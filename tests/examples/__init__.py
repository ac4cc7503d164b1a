"""The example applications work as their users would expect."""
