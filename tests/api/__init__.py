"""The public API of requirements.md: names, signatures, results, and what each method does."""
