"""Imports what settings name as "module:attribute": models, bases, Configs, seeds, applications."""
