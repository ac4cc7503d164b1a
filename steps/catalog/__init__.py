"""What a database says about itself. The way in is `port`; SQLite and PostgreSQL have a folder each."""
