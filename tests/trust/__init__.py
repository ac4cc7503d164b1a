"""What other roles plant in a database does not run, and stops no boot."""
