"""What is another customer's, by the settings files beside a stack's own: no stack may name it."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from stacks.check import Problems, check
from stacks.region_checks import texts
from stacks.settings import Settings, StackSettings
from stacks.settings_files import (
    CUSTOMERS,
    KEY,
    Location,
    Raw,
    SettingsError,
    read,
    row_of,
)
from stacks.settings_layers import Values

_OF_ONE_CUSTOMER = (
    ("access", "role"),
    ("access", "external_id"),
    ("deploy_role_external_id",),
    ("state", "backend"),
    ("state", "secrets_provider"),
    ("state", "passphrase_file"),
)
_OF_MANY = re.compile(r"https://.*|default|passphrase")
"""What customers may have in common: Pulumi Cloud, where stacks have their own permissions."""
_MAY_BE_ELSEWHERE = frozenset({"alarm_topics", "exceptions", "guard_rails", "policy", "tags"})
"""Fields by which a stack reaches nothing: they trust somebody by name, or tell of alarms."""
_ACCOUNT = re.compile(r"(?<!\d)(?<![\da-f]{4}-[\da-f]{4}-)\d{12}(?!\d)")
"""An account's id, wherever it stands but at the end of a UUID, such as a key's."""


@check(StackSettings, "access")
def _access_is_by_profile_or_role(s: StackSettings) -> Problems:
    if s.access is None or s.access.role is not None:
        return
    if s.access.external_id is not None:
        yield ("access", "external_id"), "is for access.role, which is not set: write the role"
    elif s.access.profile is None:
        yield ("access",), "says nothing; write its profile, its role, or leave it out"


@check(StackSettings, "state")
def _only_pulumi_cloud_has_organizations(s: StackSettings) -> Problems:
    backend = s.state.backend
    in_cloud = backend is None or backend.startswith("https://")
    if s.state.organization is not None and not in_cloud:
        yield (
            ("state", "organization"),
            f"is for Pulumi Cloud, and the backend is {backend}: leave it out",
        )
    if s.state.secrets_provider == "default" and not in_cloud:
        yield (
            ("state", "secrets_provider"),
            f"default is Pulumi Cloud's, and the backend is {backend}: write passphrase, or a key",
        )
    if s.state.passphrase_file and s.state.secrets_provider not in (None, "passphrase"):
        yield (
            ("state", "passphrase_file"),
            f"is not used, as state.secrets_provider is {s.state.secrets_provider}: leave it out",
        )


def with_files(s: Settings, root: Path, given: Values) -> Problems:
    """Accounts of others, and ways into them, that a stack's settings name; `given` is where these
    stand."""
    stack_files = {layer.file for layer in given.layers}
    named: dict[str, Location] = {}
    for where, text in texts(dict(s), ()):
        if where[0] not in _MAY_BE_ELSEWHERE:
            for account in _ACCOUNT.findall(text):
                named.setdefault(account, where)
    own = {where: _plain(v) for where in _OF_ONE_CUSTOMER if (v := _at(s, where)) is not None}
    words = {value.rsplit("/", 1)[-1] for value in own.values()}
    for other in _others(s.customer, {*named, *words}, root):
        if other.file in stack_files:
            continue
        for account in sorted(named.keys() & other.accounts):
            yield (
                named[account],
                f"{account} is an account of {other.customer}, by {other.file}; a stack of "
                f"{s.customer} reaches none but its own: write one of those",
            )
        for where, value in own.items():
            if other.own.get(where) == value:
                yield (
                    where,
                    f"is that of {other.customer} too, by {other.file}; who may work for the one "
                    "could reach the other: write each its own",
                )


@dataclass(frozen=True, kw_only=True)
class _Other:
    """What one file says of a customer."""

    customer: str
    file: str
    accounts: frozenset[str]
    own: Mapping[Location, str]


def _others(customer: str, wanted: set[str], root: Path) -> Iterator[_Other]:
    """Of other customers, those files that have one of these texts: few have to be parsed."""
    for path in sorted((root / CUSTOMERS).glob("*.yaml")):
        text = _text(path, path.stat().st_mtime_ns)
        if any(each in text for each in wanted):
            with suppress(SettingsError):  # it is told of itself, in its turn
                other = _read(path, root)
                if other is not None and other.customer != customer:
                    yield other


@lru_cache(maxsize=10_000)
def _text(path: Path, _changed: int) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _read(path: Path, root: Path) -> _Other | None:
    content = read(path.stem, path)
    file = f"{CUSTOMERS}/{path.name}"
    if not path.name.startswith("Pulumi."):
        return _other(path.stem, file, content)
    config = content.get("config")
    own: Raw = _at(config, (KEY,)) or dict[str, Any]()
    row = row_of(path.stem.removeprefix("Pulumi."), root)
    customer = _at(own, ("extends",)) or _at(own, ("customer",)) or (row and row.customer)
    return _other(customer, file, own) if isinstance(customer, str) else None


def _other(customer: str, file: str, values: Raw) -> _Other:
    rows = cast(Mapping[Any, Any], values.get("members") or {})
    accounts = [
        values.get("account"),
        _at(values, ("organization", "management_account")),
        _at(values, ("organization", "audit_account")),
        *(_at(row, ("account",)) for row in rows.values()),
    ]
    own = {where: _at(values, where) for where in _OF_ONE_CUSTOMER}
    return _Other(
        customer=customer,
        file=file,
        accounts=frozenset(account for account in accounts if isinstance(account, str)),
        own={w: _plain(v) for w, v in own.items() if isinstance(v, str) and not _OF_MANY.match(v)},
    )


def _plain(value: str) -> str:
    """One text for all ways to write an address or a path: without its query, which says how it is
    reached. The last part of it stands in each of them."""
    scheme, found, rest = value.partition("://")
    if not found:
        return posixpath.normpath(value) if "/" in value else value
    return f"{scheme}://{posixpath.normpath(rest.partition('?')[0].lstrip('/'))}"


def _at(values: Any, where: tuple[str, ...]) -> Any:
    """What stands there in settings, read or not; None where nothing does."""
    for name in where:
        if isinstance(values, Mapping):
            values = cast(Raw, values).get(name)
        else:
            values = getattr(values, name, None)
    return values
