"""Chooses and reads the entries of the journal that a command shows."""
