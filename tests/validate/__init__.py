"""Catalogue, drift, creation, validation and repair, on both databases."""
