"""Where AWS Backup puts a report: every documented layout of the key."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which of the four layouts: one account or several, one Region or several."""

    account: str | None
    """12 digits; None for a report over several accounts."""
    region: str | None
    """None for a report over several Regions."""

    @property
    def folder(self) -> str:
        return f"{self.account or 'crossaccount'}/{self.region or 'crossregion'}"


def folder(*, prefix: str, scope: Scope, at: datetime, plan: str) -> str:
    """The plan's folder of a day: `[prefix/]Backup/{account}/{Region}/{y}/{m}/{d}/{plan}/`."""
    start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return f"{start}Backup/{scope.folder}/{at:%Y/%m/%d}/{plan}/"


def file_name(*, plan: str, at: datetime, part: int, extension: str = "csv") -> str:
    """A file name full of what S3 URL-encodes in its notifications; AWS's own is not public.

    The same plan, time and part give the same name, so that a second delivery overwrites.
    """
    return f"{plan} {at:%Y-%m-%dT%H:%M:%S+00:00}~({part}).{extension}"
