"""How TestState tries one state: what is tried, its mock, the way of the data, and what is shown of it."""
