"""What pages say holds: their links, their settings, and the commands that they name."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from components.lake.curated_report_tables import newest_view, plans_view
from fleet.cli import APP, Command
from fleet.project import PROJECT
from reports.curated_tables import DELIVERIES, REJECTS
from reports.templates import TEMPLATES
from reports.ticket_facts import FACTS
from tests.support.pages import PLACES, commands, fences, named, pages

SCHEMA: Mapping[str, Any] = json.loads((PROJECT / "stacks/settings.schema.json").read_text())
ROLES = ("ManagementSettings", "AuditSettings", "MemberSettings")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{named(page)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{named(page)} links to {link}"


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_block_of_commands_says_where_it_runs_and_parses(page: Path) -> None:
    for block in commands(page):
        assert block.where in PLACES, f"{named(page)}:{block.line}"
        parsed = subprocess.run(
            ["bash", "-n"], input=block.script, text=True, capture_output=True, check=False
        )
        assert parsed.returncode == 0, f"{named(page)}:{block.line}: {parsed.stderr}"


def invocations(script: str) -> Iterator[list[str]]:
    """The arguments of each `backup-org` in a script, a line of its own or in $(…)."""
    for line in script.splitlines():
        found = re.search(r'^(?:! )?backup-org (.*)|"\$\(backup-org ([^)|]*)', line)
        if found:
            words = shlex.split(found[1] or found[2])
            yield [*takewhile(lambda word: word not in {"|", "||", ">"}, words)]


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_command_and_option_exists(page: Path) -> None:
    for block in commands(page):
        for arguments in invocations(block.script):
            command: Any = APP
            left = list(arguments)
            while hasattr(command, "commands"):
                assert left, f"{named(page)}:{block.line}: no command"
                if command.unnamed and left[0] not in command.commands:
                    left.insert(0, command.unnamed)
                assert left[0] in command.commands, f"{named(page)}:{block.line}: {left[0]}"
                command = command.commands[left.pop(0)]
            assert isinstance(command, Command)
            # Raises for an option that there is not.
            command.loaded().make_context(command.name, left)


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_block_for_the_checkout_is_a_target_of_make(page: Path) -> None:
    for block in commands(page):
        if block.where == "# in the checkout":
            for line in block.script.splitlines()[1:]:
                make, target = line.split()
                assert make == "make"
                assert target in _TARGETS


def schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects that a place may hold."""
    if "$ref" in schema:
        yield from schemas(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    for choice in (*schema.get("anyOf", []), *schema.get("oneOf", [])):
        yield from schemas(choice)
    if schema.keys() & {"properties", "patternProperties", "additionalProperties"}:
        yield schema


def below(schema: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """What may stand under a key; None where nothing may."""
    found: list[Mapping[str, Any]] = []
    for one in schemas(schema):
        if key in one.get("properties", {}):
            found.append(one["properties"][key])
        elif isinstance(one.get("additionalProperties"), dict):
            found.append(one["additionalProperties"])
        for pattern, under in one.get("patternProperties", {}).items():
            if re.search(pattern, key):
                found.append(under)
    return {"anyOf": found} if found else None


ANY_ROLE: Mapping[str, Any] = {
    "anyOf": [{"$ref": f"#/$defs/{name}"} for name in (*ROLES, "Customer")]
}


def unknown_keys(value: object, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            under = below(schema, key)
            if under is None:
                yield f"{path}{key}"
            else:
                yield from unknown_keys(inner, under, f"{path}{key}.")


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_setting_in_an_example_exists(page: Path) -> None:
    for fence in fences(page):
        if fence.language == "yaml":
            content = yaml.safe_load(fence.text)
            settings = content.get("config", {}).get("backup-org:settings", content)
            role = str(settings.get("role", "")).title()
            schema = {"$ref": f"#/$defs/{role}Settings"} if role else ANY_ROLE
            assert not list(unknown_keys(settings, schema)), f"{named(page)}:{fence.line}"


def test_every_setting_in_the_tables_exists() -> None:
    text = (PROJECT / "docs/settings.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named_settings = [name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)]
    assert len(named_settings) > 30
    for name in named_settings:
        schema: Mapping[str, Any] | None = ANY_ROLE
        for part in name.split("."):
            schema = below(schema, part)
            assert schema is not None, name


def test_every_fact_that_texts_of_incidents_may_name_is_told() -> None:
    page = (PROJECT / "docs" / "tickets.md").read_text(encoding="utf-8")
    assert [fact for fact in FACTS if f"| `{fact}` |" not in page] == []


class TestTheColumnsOfTheLake:
    """Each stands on its page, by the table or view that has it."""

    JOBS = ("backup_jobs", "restore_jobs", "copy_jobs")
    COMPLIANCE = ("control_compliance", "resource_compliance")

    def listed(
        self, heading: str, groups: Mapping[str, Sequence[str]]
    ) -> dict[str, dict[str, str]]:
        page = (PROJECT / "docs" / "report-lake-columns.md").read_text(encoding="utf-8")
        (section,) = re.findall(
            rf"^## {heading}.*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
        )
        found: dict[str, dict[str, str]] = {}
        for name, type_, places in re.findall(
            r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", section, re.MULTILINE
        ):
            for place in places.split(", "):
                for table in groups.get(place, [place.strip("`")]):
                    found.setdefault(table, {})[name] = type_
        return found

    def test_of_views(self) -> None:
        views = [newest_view(template, "lake") for template in TEMPLATES.values()]
        groups = {"jobs": self.JOBS, "compliance": self.COMPLIANCE}
        listed = self.listed("Views", {"all": self.JOBS + self.COMPLIANCE, **groups})
        assert listed == {view.name: view.columns for view in views}

    def test_of_tables_about_reports(self) -> None:
        tables = {
            **{table.name: table.columns for table in (DELIVERIES, REJECTS)},
            "report_plans": plans_view({}, "lake").columns,
        }
        assert self.listed("Tables about", {"all": list(tables)}) == tables
