"""Which step follows which, and how an automation ends: as the User Guide has it."""

from sandbox.tests.systems_manager.conftest import Runbooks, fails, mark


def test_steps_run_in_their_order_and_the_automation_succeeds(runbooks: Runbooks) -> None:
    ended = runbooks.run(mark("First"), mark("Second"))
    assert ended["AutomationExecutionStatus"] == "Success"
    assert runbooks.statuses(ended) == {"First": "Success", "Second": "Success"}


def test_next_step_leaves_out_what_is_between(runbooks: Runbooks) -> None:
    ended = runbooks.run(mark("First", nextStep="Third"), mark("Second"), mark("Third"))
    assert runbooks.statuses(ended) == {"First": "Success", "Second": "Pending", "Third": "Success"}


def test_is_end_makes_a_step_the_last_one(runbooks: Runbooks) -> None:
    ended = runbooks.run(mark("First", isEnd=True), mark("Second"))
    assert ended["AutomationExecutionStatus"] == "Success"
    assert runbooks.statuses(ended)["Second"] == "Pending"


def test_on_failure_aborts_by_default(runbooks: Runbooks) -> None:
    ended = runbooks.run(fails("First"), mark("Second"))
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert runbooks.statuses(ended) == {"First": "Failed", "Second": "Pending"}
    assert "First" in ended["FailureMessage"]


def test_on_failure_continue_goes_on_and_is_not_critical(runbooks: Runbooks) -> None:
    ended = runbooks.run(fails("First", onFailure="Continue"), mark("Second"))
    assert ended["AutomationExecutionStatus"] == "Success"
    assert runbooks.statuses(ended) == {"First": "Failed", "Second": "Success"}


def test_is_critical_fails_the_automation_that_went_on(runbooks: Runbooks) -> None:
    ended = runbooks.run(fails("First", onFailure="Continue", isCritical=True), mark("Second"))
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert runbooks.statuses(ended) == {"First": "Failed", "Second": "Success"}


def test_on_failure_goes_to_the_step_that_it_names(runbooks: Runbooks) -> None:
    ended = runbooks.run(
        fails("First", onFailure="step:Tell"), mark("Second", isEnd=True), mark("Tell")
    )
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert runbooks.statuses(ended) == {"First": "Failed", "Second": "Pending", "Tell": "Success"}


def test_a_step_that_is_not_critical_leaves_the_automation_a_success(runbooks: Runbooks) -> None:
    ended = runbooks.run(fails("First", onFailure="step:Tell", isCritical=False), mark("Tell"))
    assert ended["AutomationExecutionStatus"] == "Success"
