"""Makes sentences, results, a status and a diagram from plain data."""
