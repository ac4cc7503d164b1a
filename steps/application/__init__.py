"""Makes the application that the steps work with, from the objects and settings that a team gives."""
