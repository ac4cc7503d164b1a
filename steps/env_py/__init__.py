"""An application's env.py: its source, its database, its errors, and the logging that it must not change."""
