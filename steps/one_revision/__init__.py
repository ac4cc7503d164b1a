"""Runs one revision, up or down, in its unit. Finds out what was done if it left its transaction."""
