"""Rules about restore tests, by which backups are known to be of use."""

from collections.abc import Iterator, Sequence

from policies.backup_vaults import VAULTS, in_one_place, is_arn_of, is_filled
from policies.citations import aws_guide, nist, well_architected
from policies.resource_types import RESTORE_TESTING_PLAN, RESTORE_TESTING_SELECTION
from policies.resources import UNKNOWN, NotYet, Resource, Stack, names, those
from policies.rule import Aspects, Config, Setting, over_resource, over_stack
from policies.schedules import UnreadableSchedule, longest_gap_hours

_RESTORE_TESTING = aws_guide("Restore testing", "aws-backup/latest/devguide/restore-testing.html")


@over_stack(
    *VAULTS,
    severity="medium",
    cites=[
        well_architected("REL09-BP04"),
        nist("CP-9(1)"),
        nist("CP-9(2)"),
        nist("CP-10"),
        _RESTORE_TESTING,
    ],
    baseline="advisory",
)
def vault_is_in_a_restore_test(vault: Resource, stack: Stack, _: Config) -> Aspects:
    """A restore testing plan includes each vault that a plan of the stack fills.

    A backup that was never restored may not be one. The plan stands in the vault's Region and has a
    selection; without one it restores nothing.
    """
    yield _is_in_none(vault, stack)


def _is_in_none(vault: Resource, stack: Stack) -> Iterator[str]:
    if is_filled(vault, stack) and not those(
        stack.of(RESTORE_TESTING_PLAN), lambda plan: _tests(plan, vault, stack)
    ):
        yield (
            f"no restore testing plan with a selection includes the vault {vault.name}; include it "
            "in one of its Region (recoveryPointSelection.includeVaults)"
        )


def _tests(plan: Resource, vault: Resource, stack: Stack) -> bool:
    return (
        in_one_place(plan, vault)
        and _names(plan, "includeVaults", vault, stack)
        and not _names(plan, "excludeVaults", vault, stack)
        and bool(
            those(
                stack.of(RESTORE_TESTING_SELECTION),
                lambda selection: (
                    in_one_place(selection, plan)
                    and names(stack, selection, ("restoreTestingPlanName",), plan, "name")
                ),
            )
        )
    )


def _names(plan: Resource, which: str, vault: Resource, stack: Stack) -> bool:
    arns: Sequence[object] = plan.get("recoveryPointSelection", which) or ()
    if any(isinstance(arn, str) and (arn == "*" or is_arn_of(arn, vault)) for arn in arns):
        return True
    if UNKNOWN in arns and vault in stack.behind(plan, "recoveryPointSelection", vault.type):
        raise NotYet
    return False


@over_resource(
    RESTORE_TESTING_PLAN,
    severity="medium",
    cites=[
        well_architected("REL09-BP04"),
        well_architected("REL13-BP03"),
        nist("CP-4"),
        nist("CP-9(1)"),
        _RESTORE_TESTING,
    ],
    settings={
        "max_days": Setting(
            what="The longest time between two restore tests, in days",
            schema={"type": "integer", "minimum": 1, "maximum": 366},
            default=92,
            regulated=31,
        )
    },
)
def restore_tests_run_often(plan: Resource, config: Config) -> Iterator[str]:
    """A restore testing plan runs at least once a quarter, or once a month.

    What made backups useless in between is found at the next test, or by the next disaster.
    """
    try:
        gap = longest_gap_hours([plan.get("scheduleExpression") or ""])
    except UnreadableSchedule as e:
        yield f"its schedule is none that AWS takes: {e}"
        return
    if gap > 24 * config["max_days"]:
        how_often = f"up to {gap / 24:.0f} days apart" if gap < float("inf") else "not for good"
        yield f"{plan.name} runs {how_often}; let it run every {config['max_days']} days"
