"""Rules about what backup plans select."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

from policies.backup_vaults import in_one_place
from policies.citations import aws_guide, config_rule, nist, well_architected
from policies.resource_types import SELECTION
from policies.resources import UNKNOWN, NotYet, Resource, Stack
from policies.rule import Aspects, Config, over_resource, over_stack

_ASSIGNING = aws_guide(
    "Select AWS services to backup", "aws-backup/latest/devguide/assigning-resources.html"
)


@over_resource(
    SELECTION,
    severity="high",
    cites=[
        well_architected("REL09-BP01"),
        nist("CP-9"),
        config_rule("ec2-resources-protected-by-backup-plan"),
        _ASSIGNING,
    ],
)
def selection_selects_something(selection: Resource, _: Config) -> Iterator[str]:
    """A selection names resources, tags or conditions, and does not leave out all it names.

    Resources that are selected by a tag are protected, too, whatever looks at ARNs alone.
    """
    left_out = _texts(selection, "notResources")
    by_tag = _texts(selection, "selectionTags") or _conditions(selection)
    if by_tag and "*" not in left_out:
        return
    if all(_is_among(arn, left_out) for arn in _texts(selection, "resources")):
        yield (
            f"the selection {selection.name} selects nothing; name resources or tags in it that "
            "notResources does not leave out"
        )


@over_stack(
    SELECTION,
    severity="low",
    cites=[_ASSIGNING],
    baseline="advisory",
)
def selection_is_not_doubled(selection: Resource, stack: Stack, _: Config) -> Aspects:
    """No two selections of an account and Region take the same resources by ARN, tag or conditions.

    A resource has one backup job at a time: that of the other plan waits, and expires; and what
    both back up is paid for twice. Of two that are the same the later one by name is told.
    """
    for other in stack.of(SELECTION):
        if other.urn < selection.urn:
            yield _doubles(selection, other)


def _doubles(one: Resource, other: Resource) -> Iterator[str]:
    if in_one_place(one, other) and (found := next(_both_take(one, other), None)):
        yield (
            f"the selection {one.name} takes {found} as the selection {other.name} does; let one "
            "of them have it"
        )


def _both_take(one: Resource, other: Resource) -> Iterator[str]:
    for tag in _texts(one, "selectionTags") & _texts(other, "selectionTags"):
        yield f"the tag {tag}"
    if _conditions(one) != _conditions(other):
        return
    arns, others = _texts(one, "resources"), _texts(other, "resources")
    if _conditions(one) and not (arns and others):
        yield "the same conditions"
    left_out = _texts(one, "notResources") | _texts(other, "notResources")
    for arn in arns:
        for its in others:
            inner = arn if _is_among(arn, {its}) else its if _is_among(its, {arn}) else None
            if inner is not None and not _is_among(inner, left_out):
                yield inner


def _texts(selection: Resource, name: str) -> frozenset[str]:
    """ARNs, or tags as key=value. Raises NotYet where one of them is unknown."""
    values: Sequence[Any] = selection.get(name) or []
    found = [_text(selection, name, position) for position in range(len(values))]
    return frozenset(text for text in found if text)


def _text(selection: Resource, name: str, position: int) -> str:
    if name != "selectionTags":
        return selection.get(name, position) or ""
    key, value = (selection.get(name, position, part) for part in ("key", "value"))
    return f"{key}={value}" if key else ""


def _conditions(selection: Resource) -> frozenset[tuple[str, str, str]]:
    """Operator, key and value of each. Raises NotYet where one of them is unknown."""
    found: set[tuple[str, str, str]] = set()
    conditions: Sequence[Any] = selection.get("conditions") or []
    for condition in conditions:
        if condition is UNKNOWN:
            raise NotYet
        for operator, pairs in cast("Mapping[str, Any]", condition or {}).items():
            if pairs is UNKNOWN or any(UNKNOWN in (p, *dict(p).values()) for p in pairs or ()):
                raise NotYet
            found |= {(operator, pair.get("key"), pair.get("value")) for pair in pairs or ()}
    return frozenset(found)


def _is_among(arn: str, patterns: frozenset[str] | set[str]) -> bool:
    return any(fnmatchcase(arn, pattern.replace("[", "[[]")) for pattern in patterns)
