"""A shaped JSONata tree to closures, and what those closures share: values, frames, functions, budget."""
