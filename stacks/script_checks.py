"""Checks of scripts' settings; importing this registers those that need no other file."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stacks import names
from stacks.check import Location, Problems, check
from stacks.protection_checks import known_plans
from stacks.protection_settings import TIERS
from stacks.script_documents import FILLED_IN, parameters_of, path_of, problems_of
from stacks.script_settings import LONGEST_FREEZE_SECONDS, LONGEST_WAIT_SECONDS, Script
from stacks.settings import ProtectedSettings
from stacks.values import BUILT_IN_SCRIPTS

_LONGEST_SCHEDULE_NAME = 64


@check(ProtectedSettings, "plans", "tiers", "scripts")
def _scripts_go_by_rules_of_a_plan(s: ProtectedSettings) -> Problems:
    for name, script in s.scripts.items():
        if script.plan not in s.plans:
            known = ", ".join(sorted(s.plans)) or "none"
            yield ("scripts", name, "plan"), f"{script.plan!r} is none of the plans: {known}"
            continue
        if (s.plans[script.plan].tier or "standard") not in {**TIERS, **s.tiers}:
            continue  # which is told where it stands
        rules = s.rules_of(script.plan)
        for position, rule in enumerate(script.rules or ()):
            if rule not in rules:
                known = ", ".join(sorted(rules))
                yield (
                    ("scripts", name, "rules", position),
                    f"{rule!r} is none of the rules of {script.plan}: {known}",
                )
        if script.schedule is not None and len(script.rules or rules) > 1:
            yield (
                ("scripts", name, "schedule"),
                "would be that of several rules; name one in rules, and write a script for each",
            )


@check(ProtectedSettings, "vaults", "plans", "tiers", "scripts")
def _scripts_go_by_what_their_runbooks_can(s: ProtectedSettings) -> Problems:
    """Of what a plan's own runs do, the runbooks hand on no air-gapped vault, and StartBackupJob
    takes no scan."""
    for name, script in s.scripts.items():
        if script.plan not in known_plans(s):
            continue
        if s.plans[script.plan].air_gapped_vault is not None:
            yield (
                ("scripts", name, "plan"),
                f"{script.plan} fills an air-gapped vault itself, which runbooks do not do "
                "yet; name another plan, whose rules copy into that vault",
            )
        rules = s.rules_of(script.plan)
        for rule in script.rules or rules:
            if rule in rules and rules[rule].scan is not None:
                yield (
                    ("scripts", name, "plan"),
                    f"the rule {rule} of {script.plan} scans for malware, which a backup with "
                    "scripts cannot; name rules without scan",
                )


@check(ProtectedSettings, "plans", "scripts")
def _no_instance_is_backed_up_twice(s: ProtectedSettings) -> Problems:
    """A selection takes in every resource with its tag; what a script backs up must be in none."""
    selected = {s.tag_of(name): name for name in s.plans}
    known = [name for name, script in s.scripts.items() if script.plan in s.plans]
    tags = {name: s.scripted_tag_of(name) for name in known}
    shared = Counter(tags.values())
    for name, (key, value) in tags.items():
        where = ("scripts", name, "value")
        if (key, value) in selected:
            plan = selected[key, value]
            yield where, f"{value!r} is what the plan {plan} selects by {key}; write another"
        elif shared[key, value] > 1:
            yield where, f"{value!r} is another script's too; write each its own"


@check(ProtectedSettings, "scripts")
def _scripts_have_something_to_run(s: ProtectedSettings) -> Problems:
    for name, script in s.scripts.items():
        where = ("scripts", name)
        if script.document is None and not script.windows_vss:
            yield (
                (*where, "document"),
                f"is required: {', '.join(BUILT_IN_SCRIPTS)}, or a file of the customer's; without "
                "one, a plan does all that is needed",
            )
        if script.windows_vss and script.platform != "windows":
            yield (*where, "windows_vss"), "is for Windows alone; write platform: windows"
        if script.document in BUILT_IN_SCRIPTS and script.platform != "linux":
            yield (
                (*where, "document"),
                f"{script.document} is for Linux; on Windows write windows_vss: true, or an own "
                "file",
            )


@check(ProtectedSettings, "scripts")
def _a_freeze_is_short(s: ProtectedSettings) -> Problems:
    for name, script in s.scripts.items():
        where, seconds = ("scripts", name, "freeze_seconds"), script.freeze_seconds
        if script.document == "filesystem_freeze" and script.post_after == "completed":
            yield (
                ("scripts", name, "post_after"),
                "is completed, which takes hours, and a filesystem must not be frozen as long; "
                "write snapshots: what comes later is not in the backup",
            )
        elif script.document == "filesystem_freeze" and seconds > LONGEST_FREEZE_SECONDS:
            yield where, f"is {seconds}; a filesystem is frozen {LONGEST_FREEZE_SECONDS} at most"
        elif script.post_after == "snapshots" and seconds > LONGEST_WAIT_SECONDS:
            yield (
                where,
                f"is {seconds}; the runbook waits {LONGEST_WAIT_SECONDS} at most for snapshots; "
                "write fewer, or post_after: completed",
            )


@check(ProtectedSettings, "region", "regions", "systems_manager")
def _endpoints_stand_in_the_members_regions(s: ProtectedSettings) -> Problems:
    vpcs = [endpoints.vpc for endpoints in s.systems_manager.vpc_endpoints]
    for position, endpoints in enumerate(s.systems_manager.vpc_endpoints):
        where = ("systems_manager", "vpc_endpoints", position)
        if endpoints.region not in s.protected_regions:
            known = ", ".join(s.protected_regions)
            yield (*where, "region"), f"{endpoints.region} is none of the stack's: {known}"
        if endpoints.vpc in vpcs[:position]:
            yield (*where, "vpc"), f"{endpoints.vpc} has its endpoints already"


def with_files(s: ProtectedSettings, root: Path) -> Iterator[tuple[Location, str]]:
    """What names and the customer's own documents lack; `root` holds Pulumi.yaml."""
    for name, script in s.scripts.items():
        if script.plan not in s.plans:
            continue
        for rule in script.rules or s.rules_of(script.plan):
            runbook = names.scripted_backup(s, name, rule)
            if len(runbook) > _LONGEST_SCHEDULE_NAME:
                yield (
                    ("scripts", name),
                    f"makes a schedule {runbook}, of more than {_LONGEST_SCHEDULE_NAME} "
                    "characters; shorten its name, or the rule's",
                )
        if script.document is not None:
            for field, problem in _document(s.customer, script, script.document, root):
                yield ("scripts", name, field), problem


def _document(
    customer: str, script: Script, document: str, root: Path
) -> Iterator[tuple[str, str]]:
    path = path_of(customer, document, root)
    if not path.is_file():
        yield "document", f"there is no {path.relative_to(root)}"
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    platform = "linux" if document in BUILT_IN_SCRIPTS else script.platform  # told by a check
    problems = list(problems_of(text, platform))
    yield from (("document", f"{path.name} {problem}") for problem in problems)
    if problems:
        return
    own = sorted(parameters_of(text) - set(FILLED_IN))
    for parameter in script.parameters:
        if parameter not in own:
            known = ", ".join(own) or "none"
            yield "parameters", f"{parameter!r} is none of those of {path.name} to set: {known}"
