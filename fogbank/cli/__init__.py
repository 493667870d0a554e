"""The `fogbank` command. One file for each subcommand; `main.py` holds the parser and nothing else."""
