"""What PostgreSQL does differently: its catalogue, its checks, what it can alter."""
