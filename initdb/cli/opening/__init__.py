"""From the options of a call to the application and its database."""
