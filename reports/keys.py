"""Where AWS Backup Audit Manager puts a report in S3: parsing and building object keys.

    [prefix/]Backup/{account|crossaccount}/{Region|crossregion}/{year}/{month}/{day}/{plan}/{file}

Source: AWS Backup Developer Guide, "Creating report plans using the AWS Backup console". The API
reference's older form, without the account, is read too; so is what was seen in the wild behind a
prefix, without `Backup/`. Names of files are not documented: nothing is read from them but the
ending.
"""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote_plus

_KEY = re.compile(
    r"(?:(?P<prefix>.+?)/)??"
    r"(?P<backup>Backup/)?"
    r"(?:(?P<account>\d{12}|crossaccount)/)?"
    r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+|crossregion)/"
    r"(?P<year>\d{4})/(?P<month>\d{2})/(?P<day>\d{2})/"
    r"(?P<plan>[a-zA-Z][_a-zA-Z0-9]*)/(?P<file>[^/]+)",
    re.DOTALL | re.ASCII,
)
_LONGEST_START = 100
"""Characters of a prefix that a rule filters by: EventBridge takes patterns of 2,048."""


class UnrecognisedKey(ValueError):
    """An object's key that is not a report's."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key!r} is no report's key: {reason}")


@dataclass(frozen=True, kw_only=True)
class ReportKey:
    """One delivered object: a report plan's file of one day."""

    prefix: str = ""
    """Without a slash at its end; empty: none."""
    in_backup: bool = True
    """Whether `Backup/` stands behind the prefix; only where there are prefix and account may it
    be missing."""
    account: str
    """An account's id, or crossaccount; empty in the older form, which leaves it out."""
    region: str
    """A Region, or crossregion."""
    date: datetime.date
    """The folder's; AWS leaves open whether it is the day of delivery or the day reported on."""
    plan: str
    file: str

    @property
    def folder(self) -> str:
        """The plan's own folder of that day, with a slash at its end: a partition's location."""
        day = f"{self.date.year:04}/{self.date.month:02}/{self.date.day:02}"
        backup = "Backup" if self.in_backup else ""
        parts = (self.prefix, backup, self.account, self.region, day, self.plan)
        return "".join(f"{part}/" for part in parts if part)

    @property
    def key(self) -> str:
        return self.folder + self.file


def parse(key: str) -> ReportKey:
    """Reads a key, not URL-encoded. Raises UnrecognisedKey where it is none of a report's."""
    match = _KEY.fullmatch(key)
    if match is None or not (match["backup"] or (match["prefix"] and match["account"])):
        raise UnrecognisedKey(key, "expected [prefix/]Backup/…/year/month/day/plan/file")
    try:
        date = datetime.date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError as error:
        raise UnrecognisedKey(key, str(error)) from error
    return ReportKey(
        prefix=match["prefix"] or "",
        in_backup=match["backup"] is not None,
        account=match["account"] or "",
        region=match["region"],
        date=date,
        plan=match["plan"],
        file=match["file"],
    )


def key_starts(prefixes: Iterable[str]) -> list[str]:
    """How keys of reports start, of plans with these prefixes (empty: none), for a rule to filter
    by: as S3 has them, and URL-encoded as in its notifications, should EventBridge do the same."""
    starts = {f"{prefix}/" if prefix else "Backup/" for prefix in prefixes}
    spelt = {*starts, *(quote_plus(start, safe) for start in starts for safe in ("/", "/*"))}
    return sorted({start[:_LONGEST_START] for start in spelt})
