"""What an archive of evidence says of itself; its signature is over these very bytes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from fleet.errors import ToldError, problems_of

FORMAT = "backup-org evidence 1"
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public-key.pem"
"""Names in the archive. The manifest has the sums of all files but itself and its signature."""
ALGORITHM = "ECDSA_SHA_384"
"""Of AWS KMS: with the curve P-384, over the SHA-384 of the manifest; the signature is DER."""


class NotAManifest(ToldError):
    """Says what in it is not as it should be."""


_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class File:
    sha256: str
    """In hexadecimal digits."""
    size: int
    """In bytes."""


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class Period:
    name: str
    """As `--period` takes it."""
    start: datetime.datetime
    end: datetime.datetime
    """The first moment after it."""
    timezone: str


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class Key:
    """Which signs, as the maker says."""

    arn: str
    algorithm: str
    fingerprint: str
    """SHA-256 of the public key's SubjectPublicKeyInfo (DER), in hexadecimal digits."""


@with_config(_STRICT)
@dataclass(frozen=True, kw_only=True)
class Manifest:
    format: str
    customer: str
    period: Period
    made_at: datetime.datetime
    made_by: str
    """ARN of who signed, as AWS STS gives it."""
    tool_version: str
    key: Key
    missing: tuple[str, ...]
    """What should be in it and is not, in sentences."""
    files: dict[str, File]

    def dumped(self) -> bytes:
        return _MANIFESTS.dump_json(self, indent=2) + b"\n"


_MANIFESTS = TypeAdapter(Manifest)


def loaded(text: bytes) -> Manifest:
    """Raises NotAManifest."""
    try:
        found = _MANIFESTS.validate_json(text)
    except ValidationError as error:
        raise NotAManifest(f"{MANIFEST}: {problems_of(error)}") from error
    if found.format != FORMAT:
        raise NotAManifest(
            f"{MANIFEST}: is of the format {found.format!r}, and this program reads {FORMAT!r}"
        )
    return found
