"""Applications that were written elsewhere."""
