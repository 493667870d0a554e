"""Expressions: tokens → nodes → closures. Conditions, filters, projections, key conditions, updates, and the legacy
parameters, which become the same nodes. Pure; knows items and values, nothing of tables or the store."""
