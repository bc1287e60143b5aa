"""Several stacks: each after those that it reads, and nothing lost when one fails."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import pytest

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.deploy.order import FleetFailed, in_order
from fleet.deploy.selection import NotChosen, chosen
from stacks import load
from stacks.load import CUSTOMERS

ROOT = Path(__file__).resolve().parents[3]
STACKS = [stack for stack in load.stacks_in(ROOT) if stack.startswith("acme-")]


class Stub:
    """A deployment's name and settings, all that an order is made from."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.settings = load.from_files(stack, ROOT)


def deployments() -> list[Deployment]:
    return [cast(Deployment, Stub(stack)) for stack in STACKS]


def run(fails: str = "", *, backwards: bool = False) -> list[str]:
    done: list[str] = []
    lock = threading.Lock()

    def act(deployment: Deployment) -> Outcome:
        if deployment.stack == fails:
            raise StackFailed(deployment.stack, "up", ["no"])
        with lock:
            done.append(deployment.stack)
        return Outcome(stack=deployment.stack, changes={}, seconds=0)

    in_order(deployments(), act, backwards=backwards)
    return done


def test_a_stack_comes_after_those_that_it_reads() -> None:
    done = run()
    assert done[0] == "acme-audit"
    assert sorted(done) == STACKS


def test_the_readers_are_destroyed_first() -> None:
    assert run(backwards=True)[-1] == "acme-audit"


def test_a_failure_says_what_was_not_tried_because_of_it() -> None:
    with pytest.raises(FleetFailed) as caught:
        run(fails="acme-audit")
    assert [failure.stack for failure in caught.value.failures] == ["acme-audit"]
    assert caught.value.not_tried == [
        "acme-management",
        "acme-member-payments",
        "acme-member-web",
    ]
    assert "acme-audit: up failed:\n  no" in str(caught.value)


def test_the_failure_of_one_member_leaves_the_other_alone() -> None:
    with pytest.raises(FleetFailed) as caught:
        run(fails="acme-member-web")
    assert caught.value.not_tried == []


def test_stacks_are_chosen_by_name_or_customer() -> None:
    assert chosen([], ROOT) == load.stacks_in(ROOT) != STACKS
    assert chosen(["acme"], ROOT) == STACKS
    assert chosen(["acme-audit"], ROOT) == ["acme-audit"]


def test_a_name_chooses_no_stack_of_which_it_is_only_the_beginning(tmp_path: Path) -> None:
    folder = tmp_path / CUSTOMERS
    folder.mkdir(parents=True)
    for stack in STACKS:
        (folder / f"Pulumi.{stack}.yaml").write_text(
            (ROOT / CUSTOMERS / f"Pulumi.{stack}.yaml").read_text()
        )
    acme = (ROOT / CUSTOMERS / "acme.yaml").read_text()
    (folder / "acme.yaml").write_text(acme)
    (folder / "acme-labs.yaml").write_text(acme.replace("customer: acme", "customer: acme-labs"))
    for old, new in (
        ("acme-audit", "acme-labs-audit"),
        ("acme-member-web", "acme-member-web-eu"),
    ):
        text = (folder / f"Pulumi.{old}.yaml").read_text()
        text = text.replace("extends: acme\n", f"extends: {new.removesuffix('-audit')}\n", 1)
        if new == "acme-member-web-eu":
            text = text.replace(f"extends: {new}", "extends: acme").replace("web", "web-eu")
        (folder / f"Pulumi.{new}.yaml").write_text(text)
    assert chosen(["acme"], tmp_path) == sorted([*STACKS, "acme-member-web-eu"])
    assert chosen(["acme-labs"], tmp_path) == ["acme-labs-audit"]
    assert chosen(["acme-member-web"], tmp_path) == ["acme-member-web"]
    with pytest.raises(NotChosen, match="there is no stack or customer acme-member;"):
        chosen(["acme-member"], tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acne", "there is no stack or customer acne; did you mean acme?"),
        ("acme-adit", "did you mean acme-audit?"),
        ("zebra", "there is no stack or customer zebra; there are stacks of acme"),
        ("zebra-*", r"no stack is like zebra-\*; there are stacks of acme"),
    ],
)
def test_a_name_that_is_none_says_what_is_near(name: str, said: str) -> None:
    with pytest.raises(NotChosen, match=said):
        chosen([name], ROOT)
