"""The loop of a process: it looks, takes the baton, works, writes and waits."""
