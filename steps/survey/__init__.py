"""Reads what is true of the database now, and of the code that looks at it."""
