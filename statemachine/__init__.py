"""The initialization as a machine: states, table, fold, verdicts and the loop that drives it."""
