"""Faults planted into a copy of the tree, each of which the tests must notice."""
