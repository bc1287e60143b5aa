"""Runs deployed functions: their own archives, environment and role, on this machine's Python.

`runner` takes an invocation, `environment` holds the process that serves it, and `runtime_api` is
where the two meet; `definition` reads what is deployed, `logs` keeps what is printed.
"""
