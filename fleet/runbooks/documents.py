"""The documents of scripts as they stand in AWS, beside the texts of this checkout.

A version is ours where its name is that of its content; staff's edits have another, or none.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from components.scripts.texts import canonical, version_name
from stacks import names
from stacks.script_documents import script_documents
from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The default version of a document: what runs."""

    content: str
    version: str
    name: str
    """Of the version; "" where it has none."""
    created: str
    """Its day in UTC."""
    newest: str
    """The newest version, which need not be the default."""
    versions: Mapping[str, str]
    """Names of versions, to their numbers."""


@dataclass(frozen=True)
class Script:
    """One script's document in one Region of a stack."""

    stack: str
    region: str
    script: str
    """Its name in settings."""
    document: str
    here: str
    """The text of this checkout."""
    deployed: Deployed | None

    @property
    def same(self) -> bool:
        deployed = self.deployed
        return deployed is not None and canonical(deployed.content) == canonical(self.here)

    @property
    def edited(self) -> bool:
        """Whether staff made what runs, and this checkout does not have it."""
        deployed = self.deployed
        return (
            deployed is not None
            and not self.same
            and deployed.name != version_name(deployed.content)
        )

    @property
    def newer_here(self) -> bool:
        """Whether this checkout has a text that AWS has never had."""
        return self.deployed is not None and version_name(self.here) not in self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        assert self.deployed is not None
        return frozenset({*self.deployed.versions, version_name(self.deployed.content)})

    @property
    def state(self) -> str:
        """In words."""
        deployed = self.deployed
        if deployed is None:
            return "not deployed"
        said: list[str] = []
        if self.edited:
            said.append(f"edited in AWS: version {deployed.version} of {deployed.created}")
        if self.newer_here:
            said.append("newer here")
        if not said:
            said.append("as here" if self.same else "older here")
        if deployed.newest != deployed.version:
            said.append(f"version {deployed.newest} is not the default one")
        return "; ".join(said)

    def diff(self) -> Iterator[str]:
        """From what runs in AWS to what is here, unified; nothing where they are the same."""
        assert self.deployed is not None
        if self.same:
            return
        yield from difflib.unified_diff(
            self.deployed.content.splitlines(),
            self.here.splitlines(),
            f"{self.document} in {self.region} (version {self.deployed.version})",
            f"{self.document} here",
            lineterm="",
        )


def scripts_of(
    stack: str, settings: Settings, root: Path, session: boto3.Session
) -> Iterator[Script]:
    """Every script of a stack in each of its Regions. Raises what boto3 raises."""
    texts = script_documents(settings, root)
    for region in settings.protected_regions:
        ssm = session.client("ssm", region_name=region)
        for script in settings.scripts:
            document = names.script_document(settings, script)
            if document in texts:
                found = _deployed(ssm, document)
                yield Script(stack, region, script, document, texts[document], found)


def publish(script: Script, session: boto3.Session) -> str:
    """Makes this checkout's text the one that runs; the number of its version."""
    ssm = session.client("ssm", region_name=script.region)
    assert script.deployed is not None
    name = version_name(script.here)
    version = script.deployed.versions.get(name)  # names are unique: it may have been there before
    if version is None:
        updated = ssm.update_document(
            Name=script.document,
            Content=script.here,
            DocumentFormat="YAML",
            DocumentVersion="$LATEST",
            VersionName=name,
        )
        version = updated["DocumentDescription"].get("DocumentVersion", "")
    ssm.update_document_default_version(Name=script.document, DocumentVersion=version)
    return version


def _deployed(ssm: Any, document: str) -> Deployed | None:
    try:
        found = ssm.get_document(Name=document, DocumentVersion="$DEFAULT", DocumentFormat="YAML")
    except ssm.exceptions.InvalidDocument:
        return None
    versions = _versions(ssm, document)
    (default,) = [version for version in versions if version["IsDefaultVersion"]]
    return Deployed(
        content=found["Content"],
        version=default["DocumentVersion"],
        name=default.get("VersionName", ""),
        created=f"{default['CreatedDate']:%Y-%m-%d}",
        newest=max((version["DocumentVersion"] for version in versions), key=int),
        versions={
            version["VersionName"]: version["DocumentVersion"]
            for version in versions
            if version.get("VersionName")
        },
    )


def _versions(ssm: Any, document: str) -> Sequence[Mapping[str, Any]]:
    pages = ssm.get_paginator("list_document_versions").paginate(Name=document)
    return [version for page in pages for version in page["DocumentVersions"]]
