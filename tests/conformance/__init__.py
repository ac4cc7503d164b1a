"""What each port means: one suite that every database answers to."""
