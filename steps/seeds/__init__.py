"""First rows: where they come from, how they are read and stored, how far they have come."""
