"""The catalogue of rules as pages: `docs/policies.md`, and one of each rule in `docs/policies/`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from fleet.project import PROJECT
from policies.choice import BUNDLES
from policies.rule import Rule, Setting
from policies.rules import RULES
from policies.validation import levels_text

_SCOPES: Mapping[str, str] = {
    "resource": "each resource alone, before it is created",
    "stack": "each resource amid its stack: in a preview before anything is created, in an "
    "update afterwards",
}


def page(rule: Rule) -> str:
    """What is to be said of a rule, as Markdown."""
    return "\n".join([*_page(rule), ""])


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.name}\n"
    yield f"{rule.description}\n"
    yield f"- Severity: {rule.severity}"
    yield f"- Level: {levels_text(rule)}"
    yield f"- Looks at: {_SCOPES[rule.scope]}"
    yield f"- Of the types: {', '.join(f'`{one}`' for one in rule.types)}\n"
    if rule.settings:
        yield "## Settings\n"
        yield from (_setting(name, setting) for name, setting in rule.settings.items())
        yield ""
    yield "## Who asks for it\n"
    yield from (f"- [{one.catalogue}: {one.name}]({one.url})" for one in rule.citations)
    yield "\n## Choose otherwise\n"
    yield "In the settings of a stack or customer; an exception counts until the end of its day:\n"
    yield f"```yaml\n{_example(rule)}```"


def _setting(name: str, setting: Setting) -> str:
    values = {bundle: json.dumps(setting.value(bundle)) for bundle in BUNDLES}
    same = len({*values.values()}) == 1
    default = values["baseline"] if same else ", ".join(f"{v} in {b}" for b, v in values.items())
    return f"- `{name}`: {setting.what}. Default: {default}"


def _example(rule: Rule) -> str:
    lines = ["policy:", "  rules:", f"    {rule.name}:", "      level: advisory"]
    lines += [
        f"      {name}: {json.dumps(setting.value('regulated'))}"
        for name, setting in rule.settings.items()
    ]
    lines += [
        "      exceptions:",
        "        - name: legacy # the resource's name in its program",
        "          reason: is emptied and deleted by the summer",
        "          until: 2027-06-30",
    ]
    return "\n".join([*lines, ""])


def pages() -> Mapping[Path, str]:
    """Every page by its path below docs/."""
    found = {Path("policies.md"): index()}
    for rule in RULES.values():
        found[Path("policies", f"{rule.name}.md")] = page(rule)
    return found


def write(docs: Path) -> None:
    """Every page anew; of a rule that there is no more, none."""
    for old in (docs / "policies").glob("*.md"):
        old.unlink()
    for path, text in pages().items():
        (docs / path).parent.mkdir(exist_ok=True)
        (docs / path).write_text(text, encoding="utf-8")


def index() -> str:
    """All rules by theme, with their levels."""
    by_theme = sorted(RULES.values(), key=lambda rule: rule.theme)
    tables = [
        "\n".join([f"## {_heading(theme)}\n", *_table(rules)])
        for theme, rules in groupby(by_theme, key=lambda rule: rule.theme)
    ]
    return "\n".join([_INTRODUCTION.format(count=len(RULES)), "\n\n".join(tables), ""])


def _heading(theme: str) -> str:
    return "IAM" if theme == "iam" else theme.replace("_", " ").capitalize()


def _table(rules: Iterator[Rule]) -> Iterator[str]:
    yield f"| Rule | Wants | Severity | {' | '.join(BUNDLES)} |"
    yield "|---" * (3 + len(BUNDLES)) + "|"
    for rule in rules:
        levels: list[Any] = [rule.levels[bundle] for bundle in BUNDLES]
        link = f"[{rule.name}](policies/{rule.name}.md)"
        yield f"| {link} | {rule.sentence} | {rule.severity} | {' | '.join(levels)} |"


_INTRODUCTION = """\
# Policies

The {count} rules of the policy pack in `policies/`. What a *mandatory* rule refuses is not \
deployed; an *advisory* one tells; a *disabled* one does neither. A customer chooses a bundle, and \
overrides rules by name: [enforce.md](enforce.md) says how, and how to run them over programs that \
are not ours.

`baseline` refuses what loses backups or shows them to strangers. `regulated` refuses what an \
auditor would not accept either, and its thresholds are stricter.

This page and those of the rules are made from the rules, by `make policies-docs`.
"""


if __name__ == "__main__":
    write(PROJECT / "docs")
