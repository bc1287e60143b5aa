"""An archive of evidence: gathered, laid out in a folder, signed, and packed into one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

from fleet import access
from fleet.deploy.deployment import Engine
from fleet.evidence import archive
from fleet.evidence.controls import shown_controls
from fleet.evidence.deployed import read_deployed
from fleet.evidence.deviations import Deviation, deviations_of, exceptions_of
from fleet.evidence.differences import differences
from fleet.evidence.facts import Found, facts
from fleet.evidence.json_text import json_text
from fleet.evidence.manifest import (
    FORMAT,
    MANIFEST,
    PUBLIC_KEY,
    SIGNATURE,
    File,
    Manifest,
    Period,
)
from fleet.evidence.page import page
from fleet.evidence.policies import PolicyResult, policy_results
from fleet.evidence.records import write_drills, write_report
from fleet.evidence.scope import Scope
from fleet.evidence.signing import SigningKey, signing_key
from stacks.settings_files import path_text
from stacks.settings_layers import values_of
from stacks.settings_origins import settings_with_origins

Tell = Callable[[str], None]
_WITHOUT_POLICIES = (
    "Policies were left out on request: whether the stacks pass them, and whether a deployment "
    "would change anything, is not known."
)


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who signs in the central account, and by what it looks."""

    session: boto3.Session
    key: SigningKey
    caller: str
    """ARN."""
    engine: Engine | None
    """None: policies are left out, and the archive says so."""
    tell: Tell


def maker_for(scope: Scope, engine: Engine | None, tell: Tell) -> Maker:
    """Raises NotSigned where the key does not sign, before anything else is asked."""
    session = access.session(scope.central)
    key = signing_key(session.client("kms"), scope.key_alias)
    key.signature(b"whether it signs")
    caller = session.client("sts").get_caller_identity()["Arn"]
    return Maker(session=session, key=key, caller=caller, engine=engine, tell=tell)


def make_archive(scope: Scope, maker: Maker, target: Path) -> Manifest:
    """Writes the archive. Raises NotSigned."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        missing = _write_contents(scope, maker, folder)
        manifest = _manifest(scope, maker, folder, missing)
        signed = manifest.dumped()
        (folder / MANIFEST).write_bytes(signed)
        (folder / SIGNATURE).write_bytes(maker.key.signature(signed))
        archive.write(target, folder)
    return manifest


def _write_contents(scope: Scope, maker: Maker, folder: Path) -> Sequence[str]:
    """All but manifest and signature; what is missing, in sentences."""
    maker.tell("the period's report")
    figures, missing_of_report = write_report(scope, folder, maker.tell)
    drills = write_drills(scope, maker.session.client("s3"), folder)
    maker.tell("what is deployed")
    places = read_deployed(scope.stacks)
    maker.tell("policies" if maker.engine else "no policies")
    policies = policy_results([*scope.stacks], maker.engine) if maker.engine else None
    found = Found(
        stacks=scope.stacks,
        figures=figures,
        drills=drills,
        places=places,
        differences=[
            each for place in places for each in differences(scope.stacks[place.stack], place)
        ],
        policies=policies,
        exceptions=[*exceptions_of(scope.stacks, scope.now.date())],
    )
    deviations = [
        each for stack, settings in scope.stacks.items() for each in deviations_of(stack, settings)
    ]
    missing = [*missing_of_report, *_not_read(found), *_not_previewed(policies)]
    _write_data(scope, folder, found, deviations)
    (folder / PUBLIC_KEY).write_bytes(maker.key.pem)
    sentences = facts(found)
    names = [*archive.files_in(folder)]
    controls = shown_controls(sentences, names)
    _write(folder / "controls.json", controls)
    html = page(
        scope,
        found,
        facts=sentences,
        controls=controls,
        deviations=deviations,
        missing=missing,
        names=[name for name in names if name != PUBLIC_KEY] + ["controls.json"],
        key=maker.key.key,
        made_by=maker.caller,
    )
    (folder / "index.html").write_text(html, encoding="utf-8")
    return missing


def _write_data(scope: Scope, folder: Path, found: Found, deviations: Sequence[Deviation]) -> None:
    for place in found.places:
        path = folder / place.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place.dumped(), encoding="utf-8")
    (folder / "settings").mkdir()
    for stack in scope.stacks:
        _write(folder / "settings" / f"{stack}.json", _settings(scope, stack))
    _write(folder / "differences.json", found.differences)
    _write(folder / "exceptions.json", {"exceptions": found.exceptions, "deviations": deviations})
    if found.policies is not None:
        _write(folder / "policies.json", found.policies)


def _settings(scope: Scope, stack: str) -> Mapping[str, Any]:
    """As `backup-org settings` has them, by their paths, each with where it stands."""
    values = values_of(stack, scope.project)
    return {
        path_text(each.path): {"value": each.value, "origin": each.origin}
        for each in settings_with_origins(scope.stacks[stack], values)
    }


def _not_read(found: Found) -> Sequence[str]:
    return [
        *(
            f"{place.stack}, {place.account} in {place.region}: {part.replace('_', ' ')} as "
            f"deployed could not be read: {reason}"
            for place in found.places
            for part, reason in place.not_read.items()
        ),
        *found.drills.not_read,
    ]


def _not_previewed(policies: Sequence[PolicyResult] | None) -> Sequence[str]:
    if policies is None:
        return [_WITHOUT_POLICIES]
    return [
        f"{result.stack} could not be previewed: {' '.join(result.messages)}"
        for result in policies
        if result.result == "not previewed"
    ]


def _manifest(scope: Scope, maker: Maker, folder: Path, missing: Sequence[str]) -> Manifest:
    return Manifest(
        format=FORMAT,
        customer=scope.customer,
        period=Period(
            name=scope.run.period_name,
            start=scope.run.period.start,
            end=scope.run.period.end,
            timezone=scope.run.timezone,
        ),
        made_at=scope.now,
        made_by=maker.caller,
        tool_version=version("backup-org"),
        key=maker.key.key,
        missing=tuple(missing),
        files={
            name: File(sha256=archive.sha256_of(path), size=path.stat().st_size)
            for name, path in archive.files_in(folder).items()
        },
    )


def _write(path: Path, data: Any) -> None:
    path.write_text(json_text(data), encoding="utf-8")
