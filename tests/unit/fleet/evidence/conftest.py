"""A small archive of evidence, signed by a key of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet.evidence import archive
from fleet.evidence.manifest import (
    ALGORITHM,
    FORMAT,
    MANIFEST,
    PUBLIC_KEY,
    SIGNATURE,
    File,
    Key,
    Manifest,
    Period,
)
from fleet.evidence.verification import fingerprint_of

NOW = datetime(2026, 11, 3, 8, tzinfo=UTC)
CONTENTS = {"controls.json": b"[]\n", "report/index.html": b"<p>well</p>\n"}

Pack = Callable[..., Path]


def pem_of(key: EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="session")
def key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP384R1())


def manifest_of(folder: Path, key: EllipticCurvePrivateKey) -> Manifest:
    return Manifest(
        format=FORMAT,
        customer="acme",
        period=Period(
            name="monthly/2026-10-01",
            start=datetime(2026, 10, 1, tzinfo=UTC),
            end=datetime(2026, 11, 1, tzinfo=UTC),
            timezone="Etc/UTC",
        ),
        made_at=NOW,
        made_by="arn:aws:sts::222222222222:assumed-role/deployer/backup-org",
        tool_version="0.1.0",
        key=Key(
            arn="arn:aws:kms:eu-central-1:222222222222:key/x",
            algorithm=ALGORITHM,
            fingerprint=fingerprint_of(key.public_key()),
        ),
        missing=(),
        files={
            name: File(sha256=archive.sha256_of(path), size=path.stat().st_size)
            for name, path in archive.files_in(folder).items()
        },
    )


@pytest.fixture
def pack(tmp_path: Path, key: EllipticCurvePrivateKey) -> Pack:
    """Packs an archive, with what is said of it changed before the signature, or files after."""

    def pack(
        after: Mapping[str, bytes | None] | None = None, name: str = "packed.zip", **says: object
    ) -> Path:
        folder = Path(mkdtemp(dir=tmp_path))
        for file, content in {**CONTENTS, PUBLIC_KEY: pem_of(key)}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        dumped = replace(manifest_of(folder, key), **says).dumped()
        (folder / MANIFEST).write_bytes(dumped)
        (folder / SIGNATURE).write_bytes(key.sign(dumped, ECDSA(SHA384())))
        for file, content in (after or {}).items():
            if content is None:
                (folder / file).unlink()
            else:
                (folder / file).write_bytes(content)
        archive.write(tmp_path / name, folder)
        return tmp_path / name

    return pack
