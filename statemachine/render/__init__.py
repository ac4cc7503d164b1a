"""Who renders: sentences, results, status and diagram, from plain data."""
