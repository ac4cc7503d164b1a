"""What the events of several steps say alike."""
