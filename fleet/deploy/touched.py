"""Which stacks a change touches that git knows of."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, cast

from fleet.errors import ToldError
from fleet.terminal import tell
from stacks import load
from stacks.customer_accounts import accounts_of
from stacks.report_volumes import volumes_file

_PROGRAM = (
    "Pulumi.yaml",
    "__main__.py",
    "components/",
    "handlers/",
    "policies/",
    "reports/",
    "requirements.txt",
    "stacks/",
)
"""What every stack is made from, as paths begin; customers' settings lie below `stacks/` too."""
_SETTINGS = f"{load.CUSTOMERS}/"


def touched_since(revision: str, root: Path) -> set[str]:
    """The stacks that are other than where this branch left that revision: those whose own merged
    settings differ, whose settings name a file that does, all of a customer's central stacks where
    its accounts do, and every stack where the program does. What is not committed counts too.

    What is there no more is told: its resources still stand. Raises ToldError where git knows no
    such revision.
    """
    base = _git(root, "merge-base", revision, "HEAD").strip()
    diff = ("diff", "--name-only", "--no-renames", "--relative", "-z", base)
    changed = _names(_git(root, *diff))
    changed |= _names(_git(root, "ls-files", "--others", "--exclude-standard", "-z"))
    known = load.stacks_in(root)
    files = {path for path in changed if path.startswith(_SETTINGS)}
    all_ = any(path.startswith(_PROGRAM) for path in changed - files)
    if not files:
        return {*known} if all_ else set()
    with TemporaryDirectory() as folder:
        before = Path(folder)
        _settings_of(base, root, before)
        for stack in sorted({*load.stacks_in(before)} - {*known}):
            tell(
                f"{stack} has no settings any more, and what it deployed still stands: bring them "
                f"back and run: backup-org destroy {stack}"
            )
        return {*known} if all_ else {*_touched(known, files, root, before)}


def _touched(known: Iterable[str], files: set[str], root: Path, before: Path) -> Iterator[str]:
    others: dict[str, bool] = {}
    """Of each customer, whether its accounts are others than before."""
    for stack in known:
        now = _merged(stack, root)
        if now is None or now != _merged(stack, before) or str(volumes_file(stack)) in files:
            yield stack
            continue
        customer = str(now.get("customer"))
        if customer not in others:
            others[customer] = accounts_of(customer, root) != accounts_of(customer, before)
        central = now.get("role") != "member"
        if (central and others[customer]) or _names_any(now, customer, files):
            yield stack


def _merged(stack: str, root: Path) -> Mapping[str, Any] | None:
    """None where it has no settings, or they cannot be read."""
    try:
        return load.values_of(stack, root).merged
    except load.SettingsError:
        return None


def _names_any(settings: Mapping[str, Any], customer: str, files: Iterable[str]) -> bool:
    """Whether a value is a file's path below the settings' folder, or its name in the customer's
    folder."""
    values = {*_texts(settings)}
    for file in files:
        path = PurePosixPath(file).relative_to(load.CUSTOMERS)
        of_customer = path.parts[0] == customer
        if str(path) in values or (of_customer and {path.name, path.stem} & values):
            return True
    return False


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in cast("Mapping[Any, object]", value).values():
                yield from _texts(inner)
        case list():
            for inner in cast("list[object]", value):
                yield from _texts(inner)
        case _:
            pass


def _settings_of(revision: str, root: Path, folder: Path) -> None:
    """Lays the settings as they were then into a folder."""
    place = load.CUSTOMERS.as_posix()
    if not _git(root, "ls-tree", "--name-only", revision, "--", place):
        return
    with tarfile.open(fileobj=io.BytesIO(_output(root, "archive", revision, place))) as archive:
        archive.extractall(folder, filter="data")


def _names(listed: str) -> set[str]:
    return {*filter(None, listed.split("\0"))}


def _git(root: Path, *arguments: str) -> str:
    return _output(root, *arguments).decode()


def _output(root: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, check=True
        ).stdout
    except FileNotFoundError as error:
        raise ToldError("--changed-since needs git, which is not on PATH") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or "there is no common ancestor"
        raise ToldError(
            f"git cannot tell what has changed in {root}: {said}\n"
            "the revision and the history since must be here: in GitHub Actions, check out with "
            "fetch-depth: 0"
        ) from error
