"""Deployed functions, invoked: what they see, what they answer, and how they fail."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.functions import runtimes
from aws_sandbox.functions.runner import Functions
from aws_sandbox.moto_changes import lambda_
from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws, archive

# One function of many habits: the event says which.
HABITS = """
import os, sys, time

counter = 0

def handler(event, context):
    global counter
    counter += 1
    print("handling", event)
    print("on the error stream", file=sys.stderr)
    do = event.get("do")
    if do == "raise":
        raise ValueError("no good")
    if do == "exit":
        os._exit(3)
    if do == "end":
        os._exit(0)
    if do == "sleep":
        time.sleep(event["seconds"])
    if do == "wait":
        open(event["begun"], "w").close()
        while not os.path.exists(event["go on"]):
            time.sleep(0.01)
    if do == "large":
        return "x" * 7_000_000
    if do == "import":
        __import__(event["name"])
    return {
        "pid": os.getpid(),
        "count": counter,
        "environment": dict(os.environ),
        "path": sys.path,
        "cwd": os.getcwd(),
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
        "request": context.aws_request_id,
    }
"""


@pytest.fixture(scope="module")
def habits(aws: DeployedAws) -> str:
    return aws.function(
        HABITS,
        Timeout=1,
        MemorySize=256,
        Environment={"Variables": {"OWN": "value", "AWS_REGION": "overridden"}},
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert path.exists()


def call(aws: DeployedAws, function: str, event: Any = None, **settings: Any) -> Any:
    """The answer of the Invoke API, with its payload read."""
    answer = aws.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event or {}), **settings
    )
    return {**answer, "Payload": json.loads(answer["Payload"].read())}


def test_the_context_says_what_is_deployed(aws: DeployedAws, habits: str) -> None:
    answer = call(aws, habits)
    seen = answer["Payload"]
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    name = habits.rpartition(":")[2]
    assert (seen["name"], seen["arn"], seen["version"]) == (name, habits, "$LATEST")
    assert seen["memory"] == "256"
    assert 0 < seen["remaining"] <= 1000


def test_the_environment_is_lambdas_and_the_functions_and_nothing_else(
    aws: DeployedAws, habits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAEMONS_OWN", "secret")
    fresh = aws.function(HABITS, Environment={"Variables": {"OWN": "value"}})
    seen = call(aws, fresh)["Payload"]
    environment = seen["environment"]
    assert environment["OWN"] == "value"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == fresh.rpartition(":")[2]
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{runtimes.RUNTIME}"
    assert environment["_HANDLER"] == "app.handler"
    assert environment["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert environment["AWS_ENDPOINT_URL"] == aws.server.url
    assert not {"DAEMONS_OWN", "HOME", "VIRTUAL_ENV"} & set(environment)
    assert not [entry for entry in seen["path"] if entry.endswith(".venv/lib/site-packages")]
    reserved = call(aws, habits)["Payload"]["environment"]["AWS_REGION"]
    assert reserved == REGION


@pytest.mark.parametrize("name", ["boto3", "moto", "pytest", "sandbox", "duckdb"])
def test_a_package_that_was_not_deployed_is_not_there(
    aws: DeployedAws, habits: str, name: str
) -> None:
    answer = call(aws, habits, {"do": "import", "name": name})
    assert answer["Payload"]["errorType"] == "ModuleNotFoundError"


def test_a_handler_that_cannot_be_imported_says_what_is_missing(aws: DeployedAws) -> None:
    answer = call(aws, aws.function("import boto3"))
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ImportModuleError"
    assert answer["Payload"]["errorMessage"].endswith("No module named 'boto3'")


def test_an_exception_comes_back_with_its_stack(aws: DeployedAws, habits: str) -> None:
    answer = call(aws, habits, {"do": "raise"})
    error = answer["Payload"]
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no good")
    assert "app.py" in error["stackTrace"][0]


@pytest.mark.parametrize(
    ("do", "message"),
    [
        ("exit", "Runtime exited with error: exit status 3"),
        ("end", "Runtime exited without providing a reason"),
    ],
)
def test_a_process_that_ends_is_an_error_and_the_next_call_gets_a_new_one(
    aws: DeployedAws, habits: str, do: str, message: str
) -> None:
    before = call(aws, habits)["Payload"]["pid"]
    error = call(aws, habits, {"do": do})["Payload"]
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(message)
    assert call(aws, habits)["Payload"]["pid"] != before


def test_a_function_may_run_for_its_timeout_and_no_longer(aws: DeployedAws, habits: str) -> None:
    answer = call(aws, habits, {"do": "sleep", "seconds": 30})
    error = answer["Payload"]
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    lines = aws.functions.logs.answer({"function": habits})["lines"]
    assert lines[-1].endswith("Task timed out after 1.00 seconds")
    assert call(aws, habits)["Payload"]["count"] == 1


def test_a_response_over_the_limit_is_an_error(aws: DeployedAws, habits: str) -> None:
    error = call(aws, habits, {"do": "large"})["Payload"]
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_process_stays_warm_and_a_concurrent_call_gets_its_own(
    aws: DeployedAws, tmp_path: Path
) -> None:
    function = aws.function(HABITS)
    first, second = (call(aws, function)["Payload"] for _ in range(2))
    assert (first["pid"], first["count"]) == (second["pid"], second["count"] - 1)
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    event = {"do": "wait", "begun": str(begun), "go on": str(go_on)}
    with ThreadPoolExecutor() as threads:
        held = threads.submit(call, aws, function, event)
        wait_for(begun)
        other = call(aws, function)["Payload"]
        go_on.touch()
        assert held.result()["Payload"]["pid"] == first["pid"] != other["pid"]


def test_a_process_from_before_the_clock_was_advanced_serves_no_more(aws: DeployedAws) -> None:
    function = aws.function(HABITS)
    before = call(aws, function)["Payload"]["pid"]
    aws.server.services.ageing.advance(timedelta(seconds=1))
    after = [call(aws, function)["Payload"]["pid"] for _ in range(2)]
    assert before not in after
    assert after[0] == after[1]


def test_stopping_ends_what_runs(aws: DeployedAws, tmp_path: Path) -> None:
    functions = Functions(
        access=aws.server.services.access,
        journal=aws.journal,
        cache=tmp_path / "cache",
        endpoint=lambda: aws.server.url,
    )
    function = aws.function(HABITS, Timeout=60)
    begun = tmp_path / "begun"
    event = json.dumps({"do": "wait", "begun": str(begun), "go on": "never"}).encode()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(functions.invoke, function, event)
        wait_for(begun)
        functions.stop()
        assert running.result().reason.endswith("Runtime exited with error: signal: killed")
    late = functions.invoke(function, b"{}")
    assert "Runtime exited" in late.reason


def test_new_code_and_new_settings_hold_from_the_next_call_on(aws: DeployedAws) -> None:
    function = aws.function("def handler(event, context): return 'old'")
    assert call(aws, function)["Payload"] == "old"
    client = aws.client("lambda")
    code = "import os\ndef handler(event, context): return os.environ.get('OWN', 'new')"
    client.update_function_code(FunctionName=function, ZipFile=archive({"app.py": code}))
    assert call(aws, function)["Payload"] == "new"
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {"OWN": "changed"}}
    )
    assert call(aws, function)["Payload"] == "changed"


def test_layers_are_importable_and_a_later_one_wins(aws: DeployedAws) -> None:
    client = aws.client("lambda")
    layers = [
        client.publish_layer_version(
            LayerName=aws.name("layer"),
            Content={"ZipFile": archive({"python/shared.py": f"name = {name!r}", path: ""})},
        )["LayerVersionArn"]
        for name, path in (
            ("first", "python/only_first.py"),
            ("second", f"python/lib/{runtimes.RUNTIME}/site-packages/deep.py"),
        )
    ]
    code = "import shared, only_first, deep\ndef handler(event, context): return shared.name"
    assert call(aws, aws.function(code, Layers=layers))["Payload"] == "second"


OTHER_MACHINE = "arm64" if runtimes.architecture() == "x86_64" else "x86_64"
OTHER_RUNTIME = "python3.13" if runtimes.RUNTIME != "python3.13" else "python3.12"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Architectures", [OTHER_MACHINE]),
        ("Runtime", OTHER_RUNTIME),
        ("Runtime", "nodejs22.x"),
    ],
)
def test_what_this_machine_cannot_run_is_refused_when_created_with_what_to_set(
    aws: DeployedAws, name: str, value: Any
) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException") as refused:
        aws.function("def handler(event, context): pass", **{name: value})
    told = str(refused.value)
    assert f"cannot run {value}" in told or OTHER_MACHINE in told
    assert f"this machine has {runtimes.RUNTIME} on {runtimes.architecture()}" in told
    assert f"set Runtime to {runtimes.RUNTIME} and Architectures to" in told


def test_a_function_is_not_changed_to_what_this_machine_cannot_run(aws: DeployedAws) -> None:
    function = aws.function("def handler(event, context): return 'as before'")
    client = aws.client("lambda")
    with pytest.raises(ClientError, match=f"cannot run {OTHER_RUNTIME}"):
        client.update_function_configuration(FunctionName=function, Runtime=OTHER_RUNTIME)
    with pytest.raises(ClientError, match=f"cannot run .* on {OTHER_MACHINE}"):
        client.update_function_code(
            FunctionName=function,
            ZipFile=archive({"app.py": ""}),
            Architectures=[OTHER_MACHINE],
        )
    assert call(aws, function)["Payload"] == "as before"


def test_what_is_not_carried_out_is_refused(aws: DeployedAws) -> None:
    function = aws.function("def handler(event, context): pass")
    client = aws.client("lambda")
    named = {"FunctionName": function}
    for call_, what in (
        (lambda: client.publish_version(**named), "versions of functions"),
        (
            lambda: client.create_alias(**named, Name="a", FunctionVersion="$LATEST"),
            "aliases of functions",
        ),
        (
            lambda: client.put_function_concurrency(**named, ReservedConcurrentExecutions=1),
            "reserved concurrency",
        ),
        (
            lambda: client.put_function_event_invoke_config(**named, MaximumRetryAttempts=1),
            "settings and destinations of asynchronous invocations",
        ),
        (lambda: client.invoke(**named, Qualifier="$LATEST"), "Qualifier"),
        (lambda: client.invoke(**named, InvocationType="Event"), "invocations of type Event"),
        (lambda: client.invoke(**named, InvocationType="DryRun"), "invocations of type DryRun"),
        (lambda: client.invoke(**named, LogType="Tail"), "LogType: ask functions.logs"),
        (
            lambda: aws.function("", DeadLetterConfig={"TargetArn": aws.queue()}),
            "dead letters of functions",
        ),
    ):
        with pytest.raises(ClientError, match=f"does not carry out .*{what}"):
            call_()


def test_a_role_that_lambda_may_not_assume_is_refused(aws: DeployedAws) -> None:
    function = aws.function("def handler(event, context): pass")
    role = aws.role("events.amazonaws.com")
    client = aws.client("lambda")
    client.update_function_configuration(FunctionName=function, Role=role)
    with pytest.raises(ClientError, match=r"AccessDeniedException.* cannot be assumed by Lambda"):
        client.invoke(FunctionName=function)


def test_a_permission_is_a_statement_that_a_policy_may_hold(aws: DeployedAws) -> None:
    function = aws.function("def handler(event, context): pass")
    client = aws.client("lambda")
    for number, principal in enumerate(("333333333333", "s3.amazonaws.com")):
        client.add_permission(
            FunctionName=function,
            StatementId=f"S{number}",
            Action="lambda:InvokeFunction",
            Principal=principal,
            PrincipalOrgID="o-exampleorg1",
            SourceArn="arn:aws:s3:::reports",
            SourceAccount=AUDIT,
        )
    policy = json.loads(client.get_policy(FunctionName=function)["Policy"])
    assert [statement["Principal"] for statement in policy["Statement"]] == [
        {"AWS": "arn:aws:iam::333333333333:root"},
        {"Service": "s3.amazonaws.com"},
    ]
    assert policy["Statement"][0]["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::reports"},
        "StringEquals": {"AWS:SourceAccount": AUDIT, "aws:PrincipalOrgID": "o-exampleorg1"},
    }


def test_an_archive_that_is_none_or_too_large_is_refused_when_deployed(
    aws: DeployedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        aws.function("", Code={"ZipFile": b"no zip"})
    monkeypatch.setattr(lambda_, "UNZIPPED_LIMIT", 1000)
    with pytest.raises(ClientError, match="Unzipped size must be smaller than 1000"):
        aws.function(" " * 1000)


def test_an_environment_over_4_kb_of_json_is_refused(aws: DeployedAws) -> None:
    most = {"A": "x" * (lambda_.ENVIRONMENT_LIMIT - len('{"A":""}'))}
    more = {"A": most["A"] + "x"}
    function = aws.function("", Environment={"Variables": most})
    with pytest.raises(ClientError, match=r'exceeded the 4KB limit. String measured: {"A":"xxx'):
        aws.function("", Environment={"Variables": more})
    with pytest.raises(ClientError, match="exceeded the 4KB limit"):
        aws.client("lambda").update_function_configuration(
            FunctionName=function, Environment={"Variables": more}
        )


def test_a_function_acts_as_its_own_role(aws: DeployedAws) -> None:
    # Signed by hand, as no SDK is deployed: the sandbox reads who signs, not the signature.
    code = """
import os, re, urllib.request

def handler(event, context):
    key, token = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SESSION_TOKEN"]
    scope = f"{key}/20261122/{os.environ['AWS_REGION']}/sts/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"],
        data=b"Action=GetCallerIdentity&Version=2011-06-15",
        headers={"Authorization": signature, "X-Amz-Security-Token": token},
    )
    answer = urllib.request.urlopen(request).read().decode()
    return re.search("<Arn>(.*)</Arn>", answer)[1]
"""
    function = aws.function(code)
    configuration = aws.client("lambda").get_function_configuration(FunctionName=function)
    role = configuration["Role"].rpartition("/")[2]
    name = function.rpartition(":")[2]
    expected = f"arn:aws:sts::{AUDIT}:assumed-role/{role}/{name}"
    assert call(aws, function)["Payload"] == expected
