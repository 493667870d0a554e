"""The ground floor: clock, ids, errors, limits, ARNs, lanes. Standard library only."""
