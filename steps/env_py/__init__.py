"""An application's env.py: what it says, where it leads, and what it must not change."""
