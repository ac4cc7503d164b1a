"""Examines what initdb works with: gathers facts, judges them, and says what to type. It changes nothing."""
