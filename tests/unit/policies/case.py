"""One case of a rule: some resources, and what the rule says of them.

Each file in `cases/` holds those of a theme, as `CASES`; test_rules.py asks the rules about all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from policies.resources import UNKNOWN, Resource

ACCOUNT = "333333333333"
REGION = "eu-central-1"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@dataclass(frozen=True, kw_only=True)
class Case:
    rule: str
    what: str
    resources: Sequence[Resource]
    says: str | None = None
    """A part of the only violation; None: there is none."""
    of: str | None = None
    """The name of the resource that the violation is of; None: of any."""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The rule's settings where they are not those of the bundle `regulated`."""

    @property
    def unknown(self) -> bool:
        return any(_has_unknown(resource.props) for resource in self.resources)


def resource(
    type_: str,
    name: str = "it",
    /,
    *,
    sources: Mapping[str, Sequence[str]] | None = None,
    protect: bool = False,
    parent: str = "",
    **props: Any,
) -> Resource:
    """A resource in REGION of ACCOUNT. Its URN is its name; `sources` are, by property, the names
    of those that its value came from."""
    return Resource(
        type=type_,
        name=name,
        urn=name,
        props=props,
        sources=sources or {},
        parent=parent,
        protect=protect,
        provider={"region": REGION, "allowedAccountIds": [ACCOUNT]},
    )


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, cast("Mapping[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(_has_unknown, cast("list[Any]", value)))
    return value is UNKNOWN
