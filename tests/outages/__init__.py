"""The database cannot be reached, refuses, or has changed: one test for each row of docs/outages.md."""
