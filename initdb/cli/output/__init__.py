"""What a command prints: lines for people, JSON for programs."""
