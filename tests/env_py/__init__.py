"""Applications whose env.py drives Alembic in its own way."""
