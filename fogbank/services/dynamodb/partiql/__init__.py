"""PartiQL as DynamoDB speaks it: SELECT, INSERT, UPDATE, DELETE and EXISTS, parsed to the nodes of expressions. Pure.

What executes a statement is in `partiql_statements.py` beside this package.
"""
