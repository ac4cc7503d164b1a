"""The checks that validation makes, each on its own; all of them only read."""
