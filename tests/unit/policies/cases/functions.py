"""Lambda functions: their runtimes, what stands in their environment, and their logs."""

from __future__ import annotations

from typing import Any

from policies.resource_types import FUNCTION, LOG_GROUP
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

RUNTIME, SECRET = "function_has_a_supported_runtime", "function_environment_has_no_secret"
GROUP = "function_logs_to_a_group_of_its_stack"


def function(**props: Any) -> Resource:
    return resource(FUNCTION, "tickets", name="tickets", **props)


def with_variable(name: str, value: Any) -> list[Resource]:
    return [function(environment={"variables": {name: value}})]


CASES = [
    Case(rule=RUNTIME, what="one that is newer than the table", resources=[function(runtime="x1")]),
    Case(rule=RUNTIME, what="an image, which has none", resources=[function(packageType="Image")]),
    Case(
        rule=RUNTIME,
        what="one whose time is over",
        resources=[function(runtime="python3.8")],
        says="AWS supports python3.8 until 2024-10-14",
    ),
    Case(
        rule=RUNTIME,
        what="one whose time will be over, for whoever looks far ahead",
        resources=[function(runtime="python3.13")],
        config={"days_ahead": 36_500},
        says="AWS supports python3.13 until",
    ),
    Case(rule=RUNTIME, what="one that is not known yet", resources=[function(runtime=UNKNOWN)]),
    Case(rule=SECRET, what="no environment", resources=[function()]),
    *(
        Case(rule=SECRET, what=f"{name} is {value!r}", resources=with_variable(name, value))
        for name, value in (
            ("SERVICE_NOW_SECRET", "backup-org/servicenow"),
            ("LINK_SECRET", ""),
            ("API_TOKEN", "service-now"),
            ("DB_PASSWORD", "arn:aws:secretsmanager:eu-central-1:333333333333:secret:db-AbCdEf"),
            ("DB_PASSWORD", "/prod/database/password"),
            ("SERVICE_NOW_URL", "https://acme.service-now.com"),
            ("QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/333333333333/tickets"),
            ("TOKENIZER", "WordPiece2"),
        )
    ),
    *(
        Case(
            rule=SECRET,
            what=f"{name} is {value!r}",
            resources=with_variable(name, value),
            says=f"its variable {name} holds {found}",
        )
        for name, value, found in (
            ("DB_PASSWORD", "changeme", "what it is called after"),
            ("password", "S3cr3t!x", "what it is called after"),
            ("CLIENT_SECRET", "dGhpc2lzYXNlY3JldA==", "what it is called after"),
            ("SERVICE_NOW_TOKEN", "f3a9c0d1e2b4", "what it is called after"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENG", "what it is called after"),
            ("WHO", "AKIAIOSFODNN7EXAMPLE", "an AWS access key"),
            ("PEM", "-----BEGIN RSA PRIVATE KEY-----\\nMII", "a private key"),
            ("DATABASE_URL", "postgres://backup:hunter2@db.example.com/x", "a password in a URL"),
            ("HOOK", "xoxb-123456789012-abcdefghijkl", "a token"),
        )
    ),
    Case(
        rule=SECRET,
        what="a variable that is not known yet hides nothing of another",
        resources=[
            function(environment={"variables": {"A": UNKNOWN, "B": "AKIAIOSFODNN7EXAMPLE"}})
        ],
        says="its variable B holds an AWS access key",
    ),
    Case(
        rule=SECRET, what="a variable that is not known yet", resources=with_variable("A", UNKNOWN)
    ),
    Case(
        rule=GROUP,
        what="a group that is called as Lambda calls it",
        resources=[function(), resource(LOG_GROUP, "logs", name="/aws/lambda/tickets")],
    ),
    Case(
        rule=GROUP,
        what="a group by the function's own configuration",
        resources=[
            function(loggingConfig={"logGroup": "tickets"}),
            resource(LOG_GROUP, "logs", name="tickets"),
        ],
    ),
    Case(
        rule=GROUP,
        what="another's group",
        resources=[function(), resource(LOG_GROUP, "logs", name="/aws/lambda/other")],
        says="no LogGroup of the stack is called /aws/lambda/tickets",
    ),
    Case(
        rule=GROUP,
        what="a group that may be its own",
        resources=[function(), resource(LOG_GROUP, "logs", name=UNKNOWN)],
    ),
]
