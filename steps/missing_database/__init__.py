"""A database that does not exist yet: what its server has instead, and how it is made."""
