"""The command line, a module a command; nothing here imports SQLAlchemy before a command needs it."""
