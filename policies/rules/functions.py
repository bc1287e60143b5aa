"""Rules about Lambda functions."""

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.citations import aws_guide, config_rule, nist, security_hub, well_architected
from policies.lambda_runtimes import SUPPORTED_UNTIL
from policies.resource_types import FUNCTION, LOG_GROUP
from policies.resources import UNKNOWN, Resource, Stack, those
from policies.rule import Aspects, Config, Setting, over_resource, over_stack

_LOOKS_SECRET = {
    "an AWS access key": re.compile(r"(AKIA|ASIA)[A-Z2-7]{16}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password in a URL": re.compile(r"\w+://[^/\s:@]*:[^/\s:@]+@"),
    "a token": re.compile(
        r"\b(xox[abprs]-[\w-]{10,}|gh[opsu]_\w{30,}|glpat-[\w-]{20,}|"
        r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
    ),
}
_NAMES_A_SECRET = {
    re.compile(name, re.IGNORECASE): re.compile(reference)
    for name, reference in {
        r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|(PRIVATE|API|ACCESS)_?KEY)$": r"arn:aws[a-z-]*:\S+|"
        r"/?([\w.+=@-]+/)+[\w.+=@-]+",
        r"(^|_)(SECRET|TOKEN|CREDENTIALS?)$": r"arn:aws[a-z-]*:\S+|/?([\w.+=@-]+/)*[a-z.@-]+",
    }.items()
}
"""And what then stands for where it is kept: an ARN, a path, or for a secret a name in small
letters."""


@over_resource(
    FUNCTION,
    severity="medium",
    cites=[
        security_hub("Lambda.2"),
        nist("SI-2"),
        config_rule("lambda-function-settings-check"),
        aws_guide("Lambda runtimes", "lambda/latest/dg/lambda-runtimes.html"),
    ],
    settings={
        "days_ahead": Setting(
            what="How many days before AWS ends its support a runtime is refused",
            schema={"type": "integer", "minimum": 0},
            default=0,
            regulated=60,
        )
    },
)
def function_has_a_supported_runtime(function: Resource, config: Config) -> Iterator[str]:
    """A function's runtime is one that AWS supports.

    From the day of its deprecation on it gets no security patches; some months later such a
    function can be neither created nor changed.
    """
    runtime = function.get("runtime")
    until = SUPPORTED_UNTIL.get(str(runtime))
    ahead = datetime.timedelta(days=config["days_ahead"])
    if until is not None and datetime.datetime.now(datetime.UTC).date() > until - ahead:
        yield f"AWS supports {runtime} until {until}; take a newer runtime"


@over_resource(
    FUNCTION,
    severity="critical",
    cites=[
        nist("IA-5(7)"),
        well_architected("SEC02-BP03"),
        aws_guide(
            "Working with Lambda environment variables",
            "lambda/latest/dg/configuration-envvars.html",
        ),
    ],
)
def function_environment_has_no_secret(function: Resource, _: Config) -> Iterator[str]:
    """A function's environment holds no password, key or token, but at most where one is kept.

    Whoever may look at the function reads its environment, and so does whoever has the state of the
    stack. What looks like a secret is refused whatever the variable is called; what is called one,
    unless its value is empty, an ARN, or called as secrets and parameters are. The engine shows a
    policy no difference between a secret value of the program and any other.
    """
    variables: Mapping[str, Any] = function.get("environment", "variables") or {}
    for name, value in variables.items():
        if value is not UNKNOWN and (found := _secret(name, str(value))):
            yield (
                f"its variable {name} holds {found}; keep that in AWS Secrets Manager, and "
                "give the function the secret's name"
            )


def _secret(name: str, value: str) -> str | None:
    for what, shape in _LOOKS_SECRET.items():
        if shape.search(value):
            return what
    for called, reference in _NAMES_A_SECRET.items():
        if value and called.search(name) and not reference.fullmatch(value):
            return "what it is called after"
    return None


@over_stack(
    FUNCTION,
    severity="low",
    cites=[
        nist("AU-11"),
        well_architected("SEC04-BP01"),
        aws_guide(
            "Configuring CloudWatch log groups",
            "lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html",
        ),
    ],
    baseline="advisory",
)
def function_logs_to_a_group_of_its_stack(function: Resource, stack: Stack, _: Config) -> Aspects:
    """A function logs to a log group that its stack makes.

    Lambda makes one by itself otherwise, which keeps all logs for ever and outlives the function.
    """
    yield _has_no_group(function, stack)


def _has_no_group(function: Resource, stack: Stack) -> Iterator[str]:
    if stack.behind(function, "loggingConfig", LOG_GROUP):
        return
    name = function.get("loggingConfig", "logGroup") or f"/aws/lambda/{function.get('name')}"
    if not those(stack.of(LOG_GROUP), lambda group: group.get("name") == name):
        yield f"no LogGroup of the stack is called {name}; add one"
