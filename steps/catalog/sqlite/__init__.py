"""What SQLite does differently: its catalogue, its checks, what it cannot alter."""
