"""Whether an archive of evidence is as it was signed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from fleet.evidence.archive import read
from fleet.evidence.manifest import ALGORITHM, MANIFEST, PUBLIC_KEY, SIGNATURE, Key
from fleet.evidence.verification import NotVerified, fingerprint_of, verified
from tests.support.command import backup_org
from tests.unit.fleet.evidence.conftest import Pack, pem_of

ROOT = Path(__file__).resolve().parents[4]


def problems(path: Path, key: Path | None = None) -> list[str]:
    with pytest.raises(NotVerified) as caught:
        verified(path, key)
    return list(caught.value.problems)


def test_an_archive_that_is_whole_is_verified(pack: Pack, key: EllipticCurvePrivateKey) -> None:
    found = verified(pack())
    assert found.manifest.customer == "acme"
    assert found.fingerprint == fingerprint_of(key.public_key())
    assert not found.key_was_given


def test_one_changed_byte_anywhere_is_not_verified(pack: Pack, tmp_path: Path) -> None:
    whole, path = pack().read_bytes(), tmp_path / "changed.zip"
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        assert problems(path), position


@pytest.mark.parametrize("bit", range(8))
def test_one_changed_bit_of_what_no_sum_covers_is_not_verified(pack: Pack, bit: int) -> None:
    """With the archive made anew around it, so that its form is whole."""
    whole = pack()
    signature = _content(whole, SIGNATURE)
    for position in range(len(signature)):
        changed = bytearray(signature)
        changed[position] ^= 1 << bit
        told = problems(pack({SIGNATURE: bytes(changed)}))
        assert told == [f"{SIGNATURE}: is not the signature of {MANIFEST} by {PUBLIC_KEY}"]


def test_each_file_that_differs_is_named(pack: Pack) -> None:
    told = problems(
        pack({"controls.json": b"{}\n", "report/index.html": None, "report/more.csv": b""})
    )
    assert [problem.partition(":")[0] for problem in told] == [
        "report/index.html",
        "controls.json",
        "report/more.csv",
    ]
    assert "is not there" in told[0]
    assert "has 3 bytes and the SHA-256" in told[1]
    assert "does not name it" in told[2]


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, PUBLIC_KEY])
def test_what_carries_the_proof_must_be_there(pack: Pack, name: str) -> None:
    assert f"{name}: is not there" in problems(pack({name: None}))


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"format": "backup-org evidence 2"}, "reads 'backup-org evidence 1'"),
        ({"files": {}}, "does not name it"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(
    pack: Pack, says: dict[str, object], why: str
) -> None:
    assert any(why in problem for problem in problems(pack(**says)))


def test_a_manifest_that_is_none_is_told_with_what_is_wrong(pack: Pack) -> None:
    assert problems(pack({MANIFEST: b'{"format": 1}'}))[0].startswith(f"{MANIFEST}: format: ")
    assert "Invalid JSON" in problems(pack({MANIFEST: b"\xff{"}))[0]


def test_a_manifest_names_the_key_and_algorithm_that_signed(pack: Pack) -> None:
    named = Key(arn="arn:aws:kms:::key/x", algorithm="ECDSA_SHA_256", fingerprint="00")
    told = problems(pack(key=named))
    assert any(f"{ALGORITHM} must have" in problem for problem in told)
    assert any(f"names a key other than {PUBLIC_KEY}" in problem for problem in told)


@pytest.mark.parametrize("pem", [b"", b"no key", None])
def test_what_is_no_key_on_the_curve_is_refused(pack: Pack, pem: bytes | None) -> None:
    given = pem_of(generate_private_key(SECP256R1())) if pem is None else pem
    told = problems(pack({PUBLIC_KEY: given}))
    assert told == [f"{PUBLIC_KEY}: is no public key on P-384 in PEM"]


def test_another_key_than_the_one_that_was_given_is_told(
    pack: Pack, key: EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours.pem", tmp_path / "theirs.pem"
    ours.write_bytes(pem_of(key))
    theirs.write_bytes(pem_of(generate_private_key(SECP384R1())))
    assert verified(pack(), ours).key_was_given
    assert "another key signed" in problems(pack(), theirs)[0]


def test_the_command_tells_how_it_went_and_names_the_file(pack: Pack) -> None:
    good, bad = pack(name="good.zip"), pack({"controls.json": b""}, name="bad.zip")
    answer = backup_org("evidence", "verify", str(good))
    assert answer.exit_code == 0
    assert "verified" in answer.output
    assert "compare the fingerprint" in " ".join(answer.output.split())
    with pytest.raises(
        NotVerified, match=r"bad.zip is NOT verified:\n  controls.json: has 0 bytes"
    ):
        backup_org("evidence", "verify", str(bad))


def test_it_needs_no_aws_no_engine_no_settings_and_no_network(pack: Pack, tmp_path: Path) -> None:
    script = f"""
import socket, sys
def refused(*_, **__):
    raise AssertionError("the network is asked")
socket.socket.connect = socket.getaddrinfo = refused
sys.argv = ["backup-org", "evidence", "verify", {str(pack())!r}]
from fleet.cli import main
try:
    main()
finally:
    used = {{name.partition(".")[0] for name in sys.modules}}
    assert not used & {{"boto3", "botocore", "pulumi", "stacks"}}, used
"""
    environment = {"PATH": "/nonexistent", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "verified" in done.stdout


def test_openssl_checks_the_signature_without_options(pack: Pack, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on PATH")
    path = pack()
    for name in (MANIFEST, SIGNATURE, PUBLIC_KEY):
        (tmp_path / name).write_bytes(_content(path, name))
    command = ["dgst", "-sha384", "-verify", PUBLIC_KEY, "-signature", SIGNATURE, MANIFEST]
    done = subprocess.run(
        [openssl, *command], cwd=tmp_path, env=dict(os.environ), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"Verified OK\n")


def _content(path: Path, name: str) -> bytes:
    return read(path, {name: 1 << 20})[1][name]
