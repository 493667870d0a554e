"""JSONata text to a shaped tree: tokens, grammar, paths, ancestry. Nothing here evaluates anything."""
