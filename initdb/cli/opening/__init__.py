"""Opens the application and its database, from the options of a call."""
