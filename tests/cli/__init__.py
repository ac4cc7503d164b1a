"""The command line, in the test's process if that is enough, else in a process of its own."""
