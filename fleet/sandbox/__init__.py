"""`backup-org sandbox`: an AWS on this machine, and the whole system run in it once.

The only part of the project, tests aside, that knows the sandbox.
"""
