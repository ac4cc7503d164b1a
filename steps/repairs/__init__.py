"""Repairs that cannot lose data: planned from issues, then performed. Nothing is ever dropped."""
