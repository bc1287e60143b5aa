"""Tags: every service of AWS has its own operations and spelling for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_sandbox.plugin.aws import AbsentError, Api
from aws_sandbox.plugin.fields import Converter


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """A service's operations on the tags of what exists, and how it spells them."""

    listing: str
    adding: str = "TagResource"
    removing: str = "UntagResource"
    target: str = "ResourceArn"
    """The parameter that says whose tags."""
    by: str = "arn"
    """The output, or `id`, that is given for it."""
    listed: str = "Tags"
    added: str = "Tags"
    removed: str = "TagKeys"
    pair: tuple[str, str] | None = ("Key", "Value")
    """The two members of a tag in a list; None where tags are a map."""

    @cached_property
    def converter(self) -> Converter | None:
        """Between a map of tags and the service's spelling."""
        if self.pair is None:
            return None
        key, value = self.pair
        return Converter(
            to_api=lambda tags: [{key: name, value: text} for name, text in tags.items()],
            from_api=lambda tags: {tag[key]: tag[value] for tag in tags},
        )

    def read(self, api: Api, target: str) -> Any:
        """The tags as the service spells them; some know nothing of what has none."""
        try:
            return api(self.listing, **{self.target: target}).get(self.listed)
        except AbsentError:
            return None

    def change(self, api: Api, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Adds and removes tags to get from the old ones to the new."""
        if gone := sorted(old.keys() - new.keys()):
            api(self.removing, **{self.target: target, self.removed: gone})
        if put := {key: value for key, value in new.items() if old.get(key) != value}:
            spelled = self.converter.to_api(put) if self.converter else put
            api(self.adding, **{self.target: target, self.added: spelled})
