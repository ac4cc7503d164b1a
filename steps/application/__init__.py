"""From what a team gives, objects or settings, to the application that the steps work with."""
