"""What each port means: one suite that both databases must pass."""
