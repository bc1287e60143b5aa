"""Athena's SQL (Trino's dialect), bound and typed as Trino does and written as DuckDB's.

What is not known here is refused by name: a query that runs in the sandbox means the same in
Athena.
"""
