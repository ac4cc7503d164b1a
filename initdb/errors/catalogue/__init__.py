"""The catalogue of failures, a module a subject."""
