"""Deployed functions, invoked: what they see, what they answer, and how they fail."""

import base64
import json
import platform
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.workbench import AUDIT, REGION, Workbench, archive
from aws_sandbox.functions import Functions, deployed, here

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
def habits(bench: Workbench) -> str:
    return bench.function(
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


def call(bench: Workbench, function: str, event: Any = None, **settings: Any) -> Any:
    """The answer of the Invoke API, with its payload read."""
    answer = bench.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event or {}), LogType="Tail", **settings
    )
    payload = answer["Payload"].read()
    return {
        **answer,
        "Payload": json.loads(payload) if payload else None,
        "Log": base64.b64decode(answer.get("LogResult", "")).decode(),
    }


def test_the_context_says_what_is_deployed(bench: Workbench, habits: str) -> None:
    answer = call(bench, habits)
    seen = answer["Payload"]
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    name = habits.rpartition(":")[2]
    assert (seen["name"], seen["arn"], seen["version"]) == (name, habits, "$LATEST")
    assert seen["memory"] == "256"
    assert 0 < seen["remaining"] <= 1000


def test_the_environment_is_lambdas_and_the_functions_and_nothing_else(
    bench: Workbench, habits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAEMONS_OWN", "secret")
    fresh = bench.function(HABITS, Environment={"Variables": {"OWN": "value"}})
    seen = call(bench, fresh)["Payload"]
    environment = seen["environment"]
    assert environment["OWN"] == "value"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == fresh.rpartition(":")[2]
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{here.RUNTIME}"
    assert environment["_HANDLER"] == "app.handler"
    assert environment["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert environment["AWS_ENDPOINT_URL"] == bench.server.url
    assert not {"DAEMONS_OWN", "HOME", "VIRTUAL_ENV"} & set(environment)
    assert not [entry for entry in seen["path"] if entry.endswith(".venv/lib/site-packages")]
    reserved = call(bench, habits)["Payload"]["environment"]["AWS_REGION"]
    assert reserved == REGION


@pytest.mark.parametrize("name", ["boto3", "moto", "pytest", "sandbox", "duckdb"])
def test_a_package_that_was_not_deployed_is_not_there(
    bench: Workbench, habits: str, name: str
) -> None:
    answer = call(bench, habits, {"do": "import", "name": name})
    assert answer["Payload"]["errorType"] == "ModuleNotFoundError"


def test_a_handler_that_cannot_be_imported_says_what_is_missing(bench: Workbench) -> None:
    answer = call(bench, bench.function("import boto3"))
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ImportModuleError"
    assert answer["Payload"]["errorMessage"].endswith("No module named 'boto3'")


def test_an_exception_comes_back_with_its_stack(bench: Workbench, habits: str) -> None:
    answer = call(bench, habits, {"do": "raise"})
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
    bench: Workbench, habits: str, do: str, message: str
) -> None:
    before = call(bench, habits)["Payload"]["pid"]
    error = call(bench, habits, {"do": do})["Payload"]
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(message)
    assert call(bench, habits)["Payload"]["pid"] != before


def test_a_function_may_run_for_its_timeout_and_no_longer(bench: Workbench, habits: str) -> None:
    answer = call(bench, habits, {"do": "sleep", "seconds": 30})
    error = answer["Payload"]
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "Status: timeout" in answer["Log"]
    assert call(bench, habits)["Payload"]["count"] == 1


def test_a_response_over_the_limit_is_an_error(bench: Workbench, habits: str) -> None:
    error = call(bench, habits, {"do": "large"})["Payload"]
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_process_stays_warm_and_a_concurrent_call_gets_its_own(
    bench: Workbench, tmp_path: Path
) -> None:
    function = bench.function(HABITS)
    first, second = (call(bench, function)["Payload"] for _ in range(2))
    assert (first["pid"], first["count"]) == (second["pid"], second["count"] - 1)
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    event = {"do": "wait", "begun": str(begun), "go on": str(go_on)}
    with ThreadPoolExecutor() as threads:
        held = threads.submit(call, bench, function, event)
        wait_for(begun)
        other = call(bench, function)["Payload"]
        go_on.touch()
        assert held.result()["Payload"]["pid"] == first["pid"] != other["pid"]


def test_reserved_concurrency_throttles_what_is_over_it(bench: Workbench, tmp_path: Path) -> None:
    function = bench.function(HABITS)
    client = bench.client("lambda")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    event = {"do": "wait", "begun": str(begun), "go on": str(go_on)}
    slow = threading.Thread(target=call, args=(bench, function, event))
    slow.start()
    wait_for(begun)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        client.invoke(FunctionName=function)
    go_on.touch()
    slow.join()


def test_stopping_ends_what_runs(bench: Workbench, tmp_path: Path) -> None:
    functions = Functions(
        access=bench.server.services.access,
        journal=bench.journal,
        cache=tmp_path / "cache",
        endpoint=lambda: bench.server.url,
    )
    function = bench.function(HABITS, Timeout=60)
    begun = tmp_path / "begun"
    event = json.dumps({"do": "wait", "begun": str(begun), "go on": "never"}).encode()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(functions.invoke, function, event)
        wait_for(begun)
        functions.stop()
        assert running.result().reason.endswith("Runtime exited with error: signal: killed")
    late = functions.invoke(function, b"{}")
    assert "Runtime exited" in late.reason


def test_a_call_that_is_only_a_rehearsal_runs_nothing(bench: Workbench, habits: str) -> None:
    before = call(bench, habits)["Payload"]["count"]
    assert (
        bench.client("lambda").invoke(FunctionName=habits, InvocationType="DryRun")["StatusCode"]
        == 204
    )
    assert call(bench, habits)["Payload"]["count"] == before + 1


def test_new_code_and_new_settings_hold_from_the_next_call_on(bench: Workbench) -> None:
    function = bench.function("def handler(event, context): return 'old'")
    assert call(bench, function)["Payload"] == "old"
    client = bench.client("lambda")
    code = "import os\ndef handler(event, context): return os.environ.get('OWN', 'new')"
    client.update_function_code(FunctionName=function, ZipFile=archive({"app.py": code}))
    assert call(bench, function)["Payload"] == "new"
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {"OWN": "changed"}}
    )
    assert call(bench, function)["Payload"] == "changed"


def test_a_published_version_stays_as_it_was(bench: Workbench) -> None:
    function = bench.function("def handler(event, context): return context.function_version")
    client = bench.client("lambda")
    version = client.publish_version(FunctionName=function)["Version"]
    client.update_function_code(
        FunctionName=function,
        ZipFile=archive({"app.py": "def handler(event, context): return 'changed'"}),
    )
    client.create_alias(FunctionName=function, Name="live", FunctionVersion=version)
    assert call(bench, f"{function}:{version}")["Payload"] == version
    assert call(bench, function, Qualifier=version)["Payload"] == version
    assert call(bench, function, Qualifier="live")["Payload"] == version
    assert call(bench, function)["Payload"] == "changed"


def test_layers_are_importable_and_a_later_one_wins(bench: Workbench) -> None:
    client = bench.client("lambda")
    layers = [
        client.publish_layer_version(
            LayerName=bench.name("layer"),
            Content={"ZipFile": archive({"python/shared.py": f"name = {name!r}", path: ""})},
        )["LayerVersionArn"]
        for name, path in (
            ("first", "python/only_first.py"),
            ("second", f"python/lib/{here.RUNTIME}/site-packages/deep.py"),
        )
    ]
    code = "import shared, only_first, deep\ndef handler(event, context): return shared.name"
    assert call(bench, bench.function(code, Layers=layers))["Payload"] == "second"


(OTHER_MACHINE,) = here.MACHINES.keys() - {here.architecture()}


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("Architectures", [OTHER_MACHINE], f"this machine is {platform.machine()}; deploy it"),
        ("Runtime", "python3.99", "no python3.99 is found; install python3.99"),
        ("Runtime", "nodejs22.x", "the sandbox runs Python functions only"),
    ],
)
def test_what_this_machine_cannot_run_is_refused_with_the_cure(
    bench: Workbench, name: str, value: Any, cure: str
) -> None:
    function = bench.function("def handler(event, context): pass", **{name: value})
    with pytest.raises(ClientError, match="InvalidRuntimeException") as refused:
        bench.client("lambda").invoke(FunctionName=function)
    assert function in str(refused.value)
    assert cure in str(refused.value)


def test_a_role_that_lambda_may_not_assume_is_refused(bench: Workbench) -> None:
    function = bench.function("def handler(event, context): pass")
    role = bench.role("events.amazonaws.com")
    client = bench.client("lambda")
    client.update_function_configuration(FunctionName=function, Role=role)
    with pytest.raises(ClientError, match=r"AccessDeniedException.* cannot be assumed by Lambda"):
        client.invoke(FunctionName=function)


def test_a_permission_is_a_statement_that_a_policy_may_hold(bench: Workbench) -> None:
    function = bench.function("def handler(event, context): pass")
    client = bench.client("lambda")
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
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        bench.function("", Code={"ZipFile": b"no zip"})
    monkeypatch.setattr(deployed, "UNZIPPED_LIMIT", 1000)
    with pytest.raises(ClientError, match="Unzipped size must be smaller than 1000"):
        bench.function(" " * 1000)


def test_a_function_acts_as_its_own_role(bench: Workbench) -> None:
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
    function = bench.function(code)
    configuration = bench.client("lambda").get_function_configuration(FunctionName=function)
    role = configuration["Role"].rpartition("/")[2]
    name = function.rpartition(":")[2]
    expected = f"arn:aws:sts::{AUDIT}:assumed-role/{role}/{name}"
    assert call(bench, function)["Payload"] == expected
