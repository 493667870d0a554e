"""The functions that a JSONata expression may call: the language's own and those that Step Functions adds."""
