"""The statements that are no queries: views, tables, partitions, and what there is."""
