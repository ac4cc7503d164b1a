"""Collects what a run works with."""
