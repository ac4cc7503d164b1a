"""The error catalogue: its rows, how errors are shown, and how exceptions are recognised."""
