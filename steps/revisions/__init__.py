"""An application's Alembic directory, read without importing Alembic or any file of it."""
