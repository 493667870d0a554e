"""Regular expressions as JavaScript defines them, which is how JSONata does, matched within a bound on steps."""
