"""AWS Backup, on moto's own per-account backend.

Each module holds some operations as plain functions of a `BackupApi` (account, Region, services)
and the request's parameters, named as in botocore's model and checked by it before
(aws_sandbox/shapes.py); moto_changes/backup.py answers them all.
"""
