"""What the events of several steps have in common."""
