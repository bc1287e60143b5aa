"""Whether an archive of evidence is as it was signed: with the file alone, on any machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from fleet.errors import ToldError
from fleet.evidence.archive import Entry, NotAnArchive, read
from fleet.evidence.manifest import (
    ALGORITHM,
    MANIFEST,
    PUBLIC_KEY,
    SIGNATURE,
    Manifest,
    NotAManifest,
    loaded,
)
from fleet.terminal import console

_LIMITS = {MANIFEST: 64 << 20, SIGNATURE: 1024, PUBLIC_KEY: 4096}
"""Bytes that are held of each; of other files a mebibyte at a time is."""


class NotVerified(ToldError):
    """Names the archive and everything that is wrong in it."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{path} is NOT verified:{lines}")
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Verified:
    manifest: Manifest
    fingerprint: str
    key_was_given: bool
    """Whether the key that signed is one that came another way than in the archive."""


def verify(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    public_key: Annotated[
        Path | None,
        typer.Option(help="The key that must have signed, in PEM, received another way."),
    ] = None,
) -> None:
    """Check an archive of evidence, without AWS: its form, each file's sum, the signature. Which
    key signed is told; whose it is, the archive cannot prove."""
    found = verified(file, public_key)
    manifest, key = found.manifest, found.manifest.key
    console.print(f"{file}: verified, {len(manifest.files):,} files", style="green")
    about = {
        "customer": manifest.customer,
        "period": f"{manifest.period.name}, {manifest.period.start} to {manifest.period.end}",
        "made": f"at {manifest.made_at} by {manifest.made_by}, backup-org {manifest.tool_version}",
        "key": f"{key.arn}, as the archive says",
        "fingerprint": f"SHA-256 {found.fingerprint}",
        "missing": f"{len(manifest.missing)}, each told in {MANIFEST}",
    }
    for name, text in about.items():
        console.print(f"{name + ':':13}{text}", highlight=False, soft_wrap=True)
    if found.key_was_given:
        console.print(f"Signed by the key in {public_key}.")
    else:
        console.print(
            "Whoever makes an archive chooses its key: compare the fingerprint with the one that "
            "you received another way (`backup-org evidence public-key` prints it for whoever "
            "works in the account), or give the key with --public-key.",
            soft_wrap=True,
        )


def verified(path: Path, public_key: Path | None = None) -> Verified:
    """Raises NotVerified."""
    try:
        entries, contents = read(path, _LIMITS)
        if absent := sorted(_LIMITS.keys() - contents.keys()):
            raise NotVerified(path, [f"{name}: is not there" for name in absent])
        manifest = loaded(contents[MANIFEST])
    except OSError as error:
        raise ToldError(f"{path} cannot be read: {error.strerror}") from error
    except (NotAnArchive, NotAManifest) as error:
        raise NotVerified(path, [str(error)]) from error
    key = _key(contents[PUBLIC_KEY])
    if key is None:
        raise NotVerified(path, [f"{PUBLIC_KEY}: is no public key on P-384 in PEM"])
    found = fingerprint_of(key)
    problems = [
        *_sums(manifest, entries),
        *_signature(manifest, contents, key, found),
        *_other_key(found, public_key),
    ]
    if problems:
        raise NotVerified(path, problems)
    return Verified(manifest=manifest, fingerprint=found, key_was_given=public_key is not None)


def _sums(manifest: Manifest, entries: Sequence[Entry]) -> Iterator[str]:
    """Each file against the manifest, and the manifest's against the files."""
    there = {each.name: each for each in entries if each.name not in (MANIFEST, SIGNATURE)}
    for name in sorted(manifest.files.keys() - there.keys()):
        yield f"{name}: is not there, and {MANIFEST} names it"
    for name, entry in there.items():
        told = manifest.files.get(name)
        if told is None:
            yield f"{name}: {MANIFEST} does not name it"
        elif (told.size, told.sha256) != (entry.size, entry.sha256):
            yield (
                f"{name}: has {entry.size:,} bytes and the SHA-256 {entry.sha256}, and {MANIFEST} "
                f"says {told.size:,} bytes and {told.sha256}"
            )


def _signature(
    manifest: Manifest, contents: Mapping[str, bytes], key: EllipticCurvePublicKey, found: str
) -> Iterator[str]:
    if manifest.key.algorithm != ALGORITHM:
        yield f"{MANIFEST}: says {manifest.key.algorithm!r} signed, and {ALGORITHM} must have"
    if manifest.key.fingerprint != found:
        yield f"{MANIFEST}: names a key other than {PUBLIC_KEY}, whose fingerprint is {found}"
    try:
        key.verify(contents[SIGNATURE], contents[MANIFEST], ECDSA(SHA384()))
    except InvalidSignature:
        yield f"{SIGNATURE}: is not the signature of {MANIFEST} by {PUBLIC_KEY}"


def _other_key(found: str, given: Path | None) -> Iterator[str]:
    if given is None:
        return
    key = _key(given.read_bytes()[: _LIMITS[PUBLIC_KEY]])
    if key is None:
        yield f"{given}: is no public key on P-384 in PEM"
    elif fingerprint_of(key) != found:
        yield (
            f"{PUBLIC_KEY}: has the fingerprint {found}, and {given} {fingerprint_of(key)}: "
            "another key signed"
        )


def _key(pem: bytes) -> EllipticCurvePublicKey | None:
    """None for what is no key on P-384."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP384R1):
        return key
    return None


def fingerprint_of(key: EllipticCurvePublicKey) -> str:
    """SHA-256 of its SubjectPublicKeyInfo, in hexadecimal digits."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()
