"""What run, resume, repair, rollback and release share: they work, report, and choose the exit code."""
