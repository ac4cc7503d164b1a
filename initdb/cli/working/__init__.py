"""What run, resume, repair, rollback and release share: do the work, report it, choose the exit code."""
