"""AWS Backup, on moto's own per-account backend.

Each module holds some operations as plain functions of a `Scope` (account, Region, services) and
the request's parameters, named as in botocore's model; `responses.py` lists them.
"""
