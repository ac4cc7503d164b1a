"""Applications that nobody here wrote."""
