"""From the words of a call to the application and its database."""
