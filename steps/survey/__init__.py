"""What is true of the database, and of the code that meets it."""
