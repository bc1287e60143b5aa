"""One part of a run: an account and a Region, and whether all parts are done."""

import csv
import io
import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from reports.digest.runs import Run


@dataclass(frozen=True, kw_only=True)
class Part:
    run_id: str
    account: str
    region: str


def part_of(message: str) -> Part:
    """Reads a message of handlers/find_vaults; raises ValueError on another one."""
    try:
        given = json.loads(message)
        return Part(run_id=given["run_id"], account=given["account"], region=given["region"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"no part of a run: {message[:200]!r} lacks {error}") from error


def tagged_vaults(text: str, part: Part) -> list[str]:
    """The names of the part's vaults that carry the tag, of the CSV of all vaults."""
    return [
        row["vault_name"]
        for row in csv.DictReader(io.StringIO(text))
        if (row["account_id"], row["region"]) == (part.account, part.region)
        and row["tagged"] == "true"
    ]


def all_done(run: Run, parts: bytes, done: AbstractSet[str]) -> bool:
    """Whether each of the status object's parts has its key among those done."""
    return {run.done_key(account, region) for account, region in json.loads(parts)} <= done
