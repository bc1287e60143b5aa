"""Which files of a month become one, which months are over, and which files nothing names."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

MOST_BYTES = 256 * 2**20
"""Of the files that become one: what is larger makes no query dearer, and takes long to sort."""
MOST_FILES = 1_000
"""That become one at a time."""
A_DAY = datetime.timedelta(hours=23)
"""How long a file stays that no list names any more. Queries run for half an hour at most, and this
is looked at once a day, never at quite the same moment."""


@dataclass(frozen=True, order=True)
class Version:
    """Of a file in the lake bucket."""

    key: str
    id: str


def to_compact(sizes: Mapping[str, int]) -> Sequence[str]:
    """The files that are to become one next, smallest first, given their sizes in bytes; none
    where the month is as compact as it gets."""
    chosen: list[str] = []
    total = 0
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        total += sizes[name]
        if total > MOST_BYTES or len(chosen) == MOST_FILES:
            break
        chosen.append(name)
    return chosen if len(chosen) > 1 else ()


def is_over(month: str, days: int, today: datetime.date) -> bool:
    """Whether all days of a month, YYYY-MM, are longer ago than curated reports are kept."""
    year, number = map(int, month.split("-"))
    last = datetime.date(year + number // 12, number % 12 + 1, 1) - datetime.timedelta(days=1)
    return today - last > datetime.timedelta(days=days)


def unnamed(
    there: Collection[Version],
    named: Collection[str],
    before: Mapping[Version, datetime.datetime],
    now: datetime.datetime,
) -> tuple[Sequence[Version], Mapping[Version, datetime.datetime]]:
    """The versions to delete, and since when the others have been seen without a name.

    `named` are the keys that lists name. A version once without a name stays so: who needs such a
    file again puts it again, which is another version.
    """
    since = {one: before.get(one, now) for one in there if one.key not in named}
    old = sorted(one for one, seen in since.items() if now - seen >= A_DAY)
    return old, {one: seen for one, seen in since.items() if now - seen < A_DAY}
