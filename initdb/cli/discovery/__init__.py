"""Finds out which application a folder holds, by reading its files. Nothing of it is imported or run."""
