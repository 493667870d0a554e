"""The durable runner of executions. `api.py` is the contract; the language itself is `fogbank.asl`."""
