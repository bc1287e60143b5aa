"""The objects of tables: listed and fetched from S3 as the caller, and kept here as Parquet."""
