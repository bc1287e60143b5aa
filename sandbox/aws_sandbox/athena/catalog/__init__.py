"""What Athena knows of tables: Glue's databases, tables, views and partitions."""
