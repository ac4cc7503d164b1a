"""What a shell completes: its scripts, and the values of revisions, runs, references and settings."""
