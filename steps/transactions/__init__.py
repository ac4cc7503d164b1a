"""Keeps a transaction of initdb whole while other people's code works in it."""
