"""The checks of a validation, one module each. They only read."""
