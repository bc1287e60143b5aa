"""Policy evaluation as AWS IAM documents it, for identity policies and resource policies.

`evaluate` asks one set of policies; `combine` asks a principal's own policies together with the
policy of the resource, within an account or across two. What this evaluator does not know (an
element, an operator, a kind of principal) raises `PolicyError`: it never guesses.
"""

from aws_sandbox.iam.conditions import PolicyError
from aws_sandbox.iam.policies import Grant, PolicyDocument, Statement, combine, evaluate
from aws_sandbox.iam.requests import AccessRequest, Decision, Effect, Principal

__all__ = [
    "AccessRequest",
    "Decision",
    "Effect",
    "Grant",
    "PolicyDocument",
    "PolicyError",
    "Principal",
    "Statement",
    "combine",
    "evaluate",
]
