"""The checks of a validation, a module each. They only read."""
