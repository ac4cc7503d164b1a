"""What a database says of itself: `port` is the way in, SQLite and PostgreSQL have a folder each."""
