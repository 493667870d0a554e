"""One file for each type of state: what it does when an execution is in it."""
