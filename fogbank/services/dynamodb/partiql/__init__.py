"""PartiQL as DynamoDB speaks it: SELECT, INSERT, UPDATE, DELETE and EXISTS, parsed to the nodes of expressions. Pure.

What executes statements is beside this package: `partiql_statements.py`, `partiql_reads.py`, `partiql_batches.py`.
"""
