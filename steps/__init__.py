"""The steps of an initialization, one module each."""
