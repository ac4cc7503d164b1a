"""Python files and packages, read and found without being imported."""
