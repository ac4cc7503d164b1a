"""What the errors say to type is typed, where they are printed, and fixes the case."""
