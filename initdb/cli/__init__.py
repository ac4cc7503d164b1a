"""The command line: one module for each command. SQLAlchemy is not imported before a command needs it."""
