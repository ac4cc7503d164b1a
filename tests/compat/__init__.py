"""What this code promises to 0.1.0: its journals are read, its processes work beside ours, it may return."""
