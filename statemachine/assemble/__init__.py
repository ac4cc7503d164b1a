"""Who assembles: from what a team gives to what a run works with."""
