"""Many processes boot one database at once; some hang, die or lose the baton."""
