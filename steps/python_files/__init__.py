"""Finds and reads Python files and packages without importing them."""
