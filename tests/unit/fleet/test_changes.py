"""What the engine's events say of resources, as the engine 3.259.0 was seen to send them."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import pytest
from pulumi.automation import EngineEvent
from rich.console import Console

from fleet.deploy.changes import MASKED, NOT_KNOWN_YET, Change, PropertyChange
from fleet.deploy.deployment import Outcome
from fleet.deploy.events import Heard
from fleet.deploy.showing import show_changes

STACK = "urn:pulumi:s::backup-org::pulumi:pulumi:Stack::backup-org-s"
QUEUE = "urn:pulumi:s::backup-org::backup-org:components:Forwarding$aws:sqs/queue:Queue::alerts"
PROVIDER = "urn:pulumi:s::backup-org::pulumi:providers:aws::account::5c0e6bd6"
SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "[secret]",
}
ARCHIVE = {
    "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7",
    "hash": "a412da22b1071234",
}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def state(urn: str = QUEUE, **fields: Any) -> dict[str, Any]:
    return {
        "type": urn.split("::")[2].rpartition("$")[2],
        "urn": urn,
        "custom": True,
        "id": "alerts",
        "parent": STACK,
        "provider": PROVIDER,
        "inputs": {},
        "outputs": {},
        **fields,
    }


def before(op: str, **metadata: Any) -> dict[str, Any]:
    step = {"op": op, "urn": QUEUE, "logical": True, **metadata}
    return {"resourcePreEvent": {"planning": True, "metadata": step}}


def after(op: str, **metadata: Any) -> dict[str, Any]:
    step = {"op": op, "urn": QUEUE, **metadata}
    return {"resOutputsEvent": {"planning": True, "metadata": step}}


def heard(*events: dict[str, Any]) -> Heard:
    found = Heard()
    for event in events:
        found.hear(cast("Any", EngineEvent).from_json(event))  # its own types are bare dicts
    return found


def only(*events: dict[str, Any]) -> Change:
    (change,) = heard(*events).details
    return change


def test_a_creation_has_what_is_asked_for_and_says_what_is_not_known_yet_or_secret() -> None:
    asked: dict[str, Any] = {
        "name": "alerts",
        "policy": UNKNOWN,
        "key": SECRET,
        "code": ARCHIVE,
        "__defaults": [],
    }
    change = only(before("create", old=None, new=state(inputs=asked, id="")))
    assert (change.op, change.type, change.name) == ("create", "aws:sqs/queue:Queue", "alerts")
    assert {p.path: (p.old, p.new) for p in change.properties} == {
        "name": (None, "alerts"),
        "policy": (None, NOT_KNOWN_YET),
        "key": (None, MASKED),
        "code": (None, "[a412da22b107]"),
    }


def test_an_update_has_both_values_of_each_path_that_differs() -> None:
    change = only(
        before(
            "update",
            old=state(outputs={"rules": [{"days": 7}], "tags": {"a.b": "old"}, "secret": SECRET}),
            new=state(inputs={"rules": [{"days": 14}], "tags": {"c": "d"}, "secret": SECRET}),
            detailedDiff={
                "rules[0].days": {"diffKind": "update"},
                'tags["a.b"]': {"diffKind": "delete"},
                "tags.c": {"diffKind": "add"},
                "secret.inner": {"diffKind": "update"},
            },
        )
    )
    assert [(p.path, p.old, p.new) for p in change.properties] == [
        ("rules[0].days", 7, 14),
        ("secret.inner", MASKED, MASKED),
        ("tags.c", None, "d"),
        ('tags["a.b"]', "old", None),
    ]


def test_what_differs_within_a_secret_list_is_a_secret() -> None:
    """Such as the second of an event target's headers."""
    change = only(
        before(
            "update",
            old=state(inputs={"headers": SECRET}),
            new=state(inputs={"headers": SECRET}),
            detailedDiff={"headers[1].value": {"diffKind": "update", "inputDiff": True}},
        )
    )
    (found,) = change.properties
    assert (found.old, found.new) == (MASKED, MASKED)


@pytest.mark.parametrize("said", [0, 1, 30, 31, 200])
def test_of_long_values_is_shown_where_they_differ(said: int) -> None:
    def policy(effect: str) -> str:
        return json.dumps({"Sid": "s" * said, "Effect": effect, "Action": ["backup:*"] * 20})

    change = PropertyChange(path="policy", old=policy("Allow"), new=policy("Deny"))
    found = Change(urn=QUEUE, op="update", properties=[change])
    screen = Console(file=io.StringIO(), width=300)
    outcome = Outcome(stack="web", changes={"update": 1}, seconds=0, details=[found])
    show_changes(screen, [outcome], properties=True)
    said_of_it = cast("io.StringIO", screen.file).getvalue().splitlines()[-1].strip()
    old, new = said_of_it.removeprefix("policy: ").split(" → ")
    assert ("Allow" in old, "Deny" in new) == (True, True)
    assert max(len(old), len(new)) <= 61


def test_a_provider_that_tells_no_paths_is_taken_by_the_names_that_differ() -> None:
    change = only(
        before(
            "replace",
            old=state(outputs={"name": "a", "size": 1}),
            new=state(inputs={"name": "b", "size": 2}),
            diffs=["name", "size"],
            keys=["name"],
        )
    )
    assert change.properties == (
        PropertyChange(path="name", old="a", new="b", replaces=True),
        PropertyChange(path="size", old=1, new=2),
    )


def test_a_replacement_is_one_change_whatever_the_order_of_its_steps() -> None:
    steps = [
        before("create-replacement", logical=None, old=state(), new=state()),
        before("replace", old=state(id="old"), new=state()),
        before("delete-replaced", logical=None, old=state(), new=None),
    ]
    assert [only(*order).op for order in (steps, steps[::-1])] == ["replace", "replace"]
    assert only(*steps).id == "old"


def test_what_an_earlier_deployment_replaced_and_did_not_delete_is_a_change() -> None:
    left = before("delete-replaced", logical=None, old=state(delete=True), new=None)
    assert only(left, before("same", old=state(), new=state())).op == "delete-replaced"


def test_what_stays_as_it_is_is_no_change() -> None:
    outputs = {"a": 1}
    stack = state(STACK, outputs=outputs)
    assert (
        heard(
            before("same", old=state(), new=state()),
            after("same", logical=True, old=state(), new=state()),
            after("same", logical=True, urn=STACK, old=stack, new=state(STACK, outputs=outputs)),
        ).details
        == ()
    )


def test_what_only_the_state_has_of_a_resource_is_a_change() -> None:
    """Whether a destroy leaves it: without an update it would go by what was said before."""
    change = only(before("same", old=state(protect=True), new=state(retainOnDelete=True)))
    assert [(p.path, p.old, p.new) for p in change.properties] == [
        ("protect", True, False),
        ("retainOnDelete", False, True),
    ]


def test_an_output_of_the_stack_that_differs_is_a_change() -> None:
    change = only(
        after(
            "same",
            logical=True,
            urn=STACK,
            old=state(STACK, outputs={"arn": "x", "gone": 1}),
            new=state(STACK, outputs={"arn": "x", "added": UNKNOWN}),
        )
    )
    assert change.op == "same"
    assert [(p.path, p.old, p.new) for p in change.properties] == [
        ("outputs.added", None, NOT_KNOWN_YET),
        ("outputs.gone", 1, None),
    ]


def test_a_refresh_tells_what_is_gone_and_what_differs() -> None:
    found = heard(
        after("same", old=state(), new=state()),
        after("delete", old=state(), new=state()),
        after(
            "update",
            urn=f"{QUEUE}-2",
            old=state(inputs={"days": 14}, outputs={"days": 14}),
            new=state(inputs={"days": 4}, outputs={"days": 4}),
            detailedDiff={"days": {"diffKind": "update"}},
        ),
    )
    assert found.details == ()
    assert [(c.name, c.op, c.properties) for c in found.drift] == [
        ("alerts", "delete", ()),
        ("alerts-2", "update", (PropertyChange(path="days", old=14, new=4),)),
    ]


def test_a_refresh_within_a_preview_tells_the_same_under_other_names() -> None:
    found = heard(
        after("refresh", old=state(), new=state()),
        after("refresh", old=state(), new=None),
        after(
            "refresh",
            urn=f"{QUEUE}-2",
            old=state(inputs={"days": 14}),
            new=state(outputs={"days": 4}),
            detailedDiff={"days": {"diffKind": "update"}},
        ),
    )
    assert [(c.name, c.op) for c in found.drift] == [("alerts", "delete"), ("alerts-2", "update")]


def test_warnings_are_kept_apart_from_what_went_wrong() -> None:
    found = heard(
        {"diagnosticEvent": {"severity": "warning", "message": "old runtime\n", "urn": QUEUE}},
        {"diagnosticEvent": {"severity": "warning", "message": "settings: odd\n"}},
        {"diagnosticEvent": {"severity": "error", "message": "no\n", "urn": STACK}},
        {"diagnosticEvent": {"severity": "info", "message": "fine\n"}},
    )
    assert found.warnings == ("aws:sqs/queue:Queue alerts: old runtime", "settings: odd")
    assert found.complaints == ["no"]
