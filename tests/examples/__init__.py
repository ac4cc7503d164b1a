"""The example applications work as their users expect."""
