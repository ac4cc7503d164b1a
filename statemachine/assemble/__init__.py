"""Who assembles: everything that a run works with, in one place."""
