"""How a command is called and how it ends: its options, its call, its exit code."""
