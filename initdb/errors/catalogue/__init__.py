"""The catalogue of failures, one module for each subject."""
