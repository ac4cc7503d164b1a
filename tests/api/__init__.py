"""The public API in requirements.md: names, signatures, results, and what each method does."""
