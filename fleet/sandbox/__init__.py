"""`backup-org sandbox`: an AWS on this machine, and the whole system run in it once.

The only part of the project, tests aside, that knows the sandbox.
"""

from importlib.util import find_spec

from fleet.errors import ToldError
from fleet.project import PROJECT

if find_spec("aws_sandbox") is None:
    raise ToldError(f"the sandbox is not installed; run: pip install {PROJECT / 'sandbox'}")
