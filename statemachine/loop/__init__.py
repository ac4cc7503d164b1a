"""Who loops: look, take the baton, work, write, wait."""
