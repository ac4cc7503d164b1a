"""What is marked in statements, without a database and on real ones."""
