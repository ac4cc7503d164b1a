"""docs/tutorial.md, run as it is written; `python -m tests.tutorial` writes what its commands print."""
