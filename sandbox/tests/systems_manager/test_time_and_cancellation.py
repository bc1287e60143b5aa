"""Attempts, limits of time, and automations that somebody stops: as the User Guide has it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import consumes, dead_letters
from sandbox.tests.systems_manager.conftest import Runbooks, api, fails, mark, step, until, waits


@pytest.fixture
def flaky(runbooks: Runbooks) -> Callable[[int], str]:
    """A function that fails so many times, and succeeds from then on."""

    def made(failures: int) -> str:
        code = (
            "times = []\n"
            "def handler(event, context):\n"
            "    times.append(1)\n"
            f"    if len(times) <= {failures}:\n"
            "        raise ValueError(f'attempt {len(times)}')\n"
        )
        return runbooks.aws.function(code)

    return made


def invoke(function: str, **rest: Any) -> Mapping[str, Any]:
    return step("Invoke", "invokeLambdaFunction", {"FunctionName": function}, **rest)


def test_a_step_has_not_failed_until_all_attempts_have(
    runbooks: Runbooks, flaky: Callable[[int], str]
) -> None:
    role = runbooks.role("lambda:InvokeFunction")
    assert _status(runbooks.run(invoke(flaky(2), maxAttempts=3), role=role)) == "Success"
    ended = runbooks.run(invoke(flaky(3), maxAttempts=3), role=role)
    assert _status(ended) == "Failed"
    assert "attempt 3" in ended["FailureMessage"]


def test_a_step_is_tried_once_by_default(runbooks: Runbooks, flaky: Callable[[int], str]) -> None:
    role = runbooks.role("lambda:InvokeFunction")
    assert _status(runbooks.run(invoke(flaky(1)), role=role)) == "Failed"


def test_a_step_that_takes_too_long_times_out_and_so_does_the_automation(
    runbooks: Runbooks,
) -> None:
    function = runbooks.aws.function("import time\ndef handler(e, c):\n    time.sleep(20)\n")
    ended = runbooks.run(
        invoke(function, timeoutSeconds=1),
        mark("Then"),
        role=runbooks.role("lambda:InvokeFunction"),
    )
    assert _status(ended) == "TimedOut"
    assert runbooks.statuses(ended) == {"Invoke": "TimedOut", "Then": "Pending"}


def test_a_step_that_times_out_takes_its_way_on_failure(runbooks: Runbooks) -> None:
    name = runbooks.create(waits("Wait", timeoutSeconds=60, onFailure="step:Tell"), mark("Tell"))
    ended = runbooks.ended(runbooks.start(name))
    assert _status(ended) == "TimedOut"
    assert runbooks.statuses(ended) == {"Wait": "TimedOut", "Tell": "Success"}


def test_a_timeout_that_is_not_critical_leaves_the_automation_a_success(
    runbooks: Runbooks,
) -> None:
    wait = waits("Wait", timeoutSeconds=60, onFailure="Continue", isCritical=False)
    ended = runbooks.ended(runbooks.start(runbooks.create(wait, mark("Then"))))
    assert _status(ended) == "Success"


def test_a_step_that_sleeps_does_so_by_the_sandboxes_scale(runbooks: Runbooks) -> None:
    slept = runbooks.run(step("Sleep", "sleep", {"Duration": "PT10M"}), mark("Then"))
    assert _status(slept) == "Success"
    seconds = slept["ExecutionEndTime"] - slept["ExecutionStartTime"]
    assert 0.6 <= seconds.total_seconds() < 10
    wrong = runbooks.run(step("Sleep", "sleep", {"Duration": "ten minutes"}))
    assert "ten minutes is no Duration" in wrong["FailureMessage"]


WAIT = waits("Wait")


def stopped(
    runbooks: Runbooks,
    *steps: Mapping[str, Any],
    kind: str = "Cancel",
    role: str | None = None,
) -> Any:
    """How an automation ended that was stopped in its first step."""
    execution = runbooks.start(runbooks.create(*steps, role=role))
    first = steps[0]["name"]
    until(lambda: runbooks.statuses(runbooks.get(execution))[first] == "InProgress")
    runbooks.ssm.stop_automation_execution(AutomationExecutionId=execution, Type=kind)
    return runbooks.ended(execution)


def test_a_cancelled_automation_ends_with_the_step_that_ran(runbooks: Runbooks) -> None:
    ended = stopped(runbooks, WAIT, mark("Then"))
    assert _status(ended) == "Cancelled"
    assert runbooks.statuses(ended) == {"Wait": "Cancelled", "Then": "Pending"}


def test_on_cancel_goes_to_the_step_that_it_names_and_on_from_there(runbooks: Runbooks) -> None:
    ended = stopped(
        runbooks,
        {**WAIT, "onCancel": "step:Undo", "onFailure": "step:Tell"},
        mark("Then", isEnd=True),
        mark("Undo"),
        mark("Report", isEnd=True),
        mark("Tell"),
    )
    assert _status(ended) == "Cancelled"
    assert runbooks.statuses(ended) == {
        "Wait": "Cancelled",
        "Then": "Pending",
        "Undo": "Success",
        "Report": "Success",
        "Tell": "Pending",
    }


def test_what_follows_a_cancellation_takes_two_minutes_at_most(
    runbooks: Runbooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one second instead of two minutes."""
    module = "aws_sandbox.systems_manager.execution.CANCELLATION_SECONDS"
    monkeypatch.setattr(module, 1.0)
    function = runbooks.aws.function("import time\ndef handler(e, c):\n    time.sleep(20)\n")
    ended = stopped(
        runbooks,
        {**WAIT, "onCancel": "step:Invoke"},
        invoke(function),
        mark("Report"),
        role=runbooks.role("lambda:InvokeFunction", "sts:*"),
    )
    assert runbooks.statuses(ended) == {
        "Wait": "Cancelled",
        "Invoke": "Cancelled",
        "Report": "Pending",
    }


def test_a_completed_automation_lets_the_step_that_runs_be_the_last_one(
    runbooks: Runbooks,
) -> None:
    function = runbooks.aws.function("import time\ndef handler(e, c):\n    time.sleep(1)\n")
    role = runbooks.role("lambda:InvokeFunction")
    ended = stopped(runbooks, invoke(function), mark("Then"), kind="Complete", role=role)
    assert runbooks.statuses(ended) == {"Invoke": "Success", "Then": "Pending"}


def test_an_automation_that_has_ended_cannot_be_stopped(runbooks: Runbooks) -> None:
    ended = runbooks.run(mark("First"))
    with pytest.raises(ClientError, match="InvalidAutomationStatusUpdateException"):
        runbooks.ssm.stop_automation_execution(AutomationExecutionId=ended["AutomationExecutionId"])


def test_settling_waits_for_what_an_automation_sets_off(runbooks: Runbooks) -> None:
    """A message whose consumer fails after a while, so that it comes to the dead letters."""
    aws = runbooks.aws
    done = aws.queue()
    work = aws.queue(attributes=dead_letters(done, 1))
    code = "import time\ndef handler(e, c):\n    time.sleep(0.5)\n    raise ValueError\n"
    aws.consume(work, aws.function(code, consumes()))
    inputs = {
        "Service": "sqs",
        "Api": "GetQueueAttributes",
        "QueueUrl": aws.url(done),
        "AttributeNames": ["All"],
        "PropertySelector": "$.Attributes.ApproximateNumberOfMessages",
        "DesiredValues": ["1"],
    }
    ended = runbooks.run(
        api("Send", "sqs", "SendMessage", inputs={"QueueUrl": aws.url(work), "MessageBody": "x"}),
        step("Wait", "waitForAwsResourceProperty", inputs, timeoutSeconds=86_400),
        mark("Then"),
        role=runbooks.role("sqs:*", "sts:*"),
    )
    assert _status(ended) == "Success"


def test_a_failing_step_after_on_failure_keeps_the_first_failure(runbooks: Runbooks) -> None:
    ended = runbooks.run(fails("First", onFailure="step:Tell"), fails("Tell"))
    assert _status(ended) == "Failed"
    assert ended["FailureMessage"].startswith("Step First")


def _status(execution: Mapping[str, Any]) -> str:
    return execution["AutomationExecutionStatus"]
