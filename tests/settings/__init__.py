"""The settings: where they come from, what they accept, and what they decide."""
