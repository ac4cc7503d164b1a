"""What statements do besides what they are for: they destroy something, or block others that write."""
