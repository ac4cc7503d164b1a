"""initdb: brings an application's database from any state to ready, and journals every step."""

__version__ = "0.1.0"
