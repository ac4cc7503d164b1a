"""What keeps a transaction of ours whole while other people's code works in it."""
