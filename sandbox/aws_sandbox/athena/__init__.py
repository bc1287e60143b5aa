"""Athena, answered for real: DuckDB runs the queries over Glue's partitions and S3's objects.

A query goes through `athena_service` (its execution), `sql` (what is known of Athena's SQL),
`query_plan` (sqlglot's optimizer over Glue's tables), `table_scans` (partitions, objects, bytes)
and `duckdb_run` to `results`. moto's Athena is changed to ask here in moto_changes/athena.py.
"""
