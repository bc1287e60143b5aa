"""The one form that an archive's contents allow."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from fleet.evidence import archive
from fleet.evidence.archive import NotAnArchive, read, write
from tests.unit.fleet.evidence.conftest import Pack


def packed(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(content)
    write(folder / "out.zip", folder / "in")
    return folder / "out.zip"


def test_any_program_unzips_it(tmp_path: Path) -> None:
    contents = {"a/b.txt": b"one", "index.html": b"", "z.json": b"{}" * 100}
    with zipfile.ZipFile(packed(tmp_path, contents)) as zipped:
        assert zipped.testzip() is None
        assert {name: zipped.read(name) for name in zipped.namelist()} == contents
        assert zipped.namelist() == sorted(contents)


def test_the_same_contents_are_the_same_bytes(tmp_path: Path) -> None:
    first = packed(tmp_path / "one", {"a": b"1", "b": b"2"}).read_bytes()
    assert packed(tmp_path / "two", {"b": b"2", "a": b"1"}).read_bytes() == first


def test_only_what_is_asked_for_is_held(tmp_path: Path) -> None:
    path = packed(tmp_path, {"a": b"1", "b": b"22"})
    entries, contents = read(path, {"b": 2})
    assert ([e.name for e in entries], contents) == (["a", "b"], {"b": b"22"})
    with pytest.raises(NotAnArchive, match="b: has 2 bytes, of 1 at most"):
        read(path, {"b": 1})


def test_what_is_cut_anywhere_is_none(pack: Pack, tmp_path: Path) -> None:
    whole, path = pack().read_bytes(), tmp_path / "cut.zip"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(NotAnArchive):
            read(path, {})


@pytest.mark.parametrize("added", [b"\0", b"PK\x05\x06", b"more"])
def test_what_is_added_to_is_none(pack: Pack, tmp_path: Path, added: bytes) -> None:
    whole, path = pack().read_bytes(), tmp_path / "added.zip"
    for content in (added + whole, whole + added, whole + whole):
        path.write_bytes(content)
        with pytest.raises(NotAnArchive):
            read(path, {})


@pytest.mark.parametrize("name", ["../x", "/x", "a/../x", "a//x", ".x", "a/.x", "a\\x", "c:x", "é"])
def test_a_name_that_lies_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path, {"a": b""})
    whole = path.read_bytes()
    raw = name.encode("latin-1", "replace")
    header = whole[:26] + struct.pack("<H", len(raw)) + whole[28:30] + raw
    path.write_bytes(header + whole[31:])
    with pytest.raises(NotAnArchive, match=r"header at byte 0 has .* as a name, which is none"):
        read(path, {})


@pytest.mark.parametrize(
    ("names", "why"),
    [(["a", "a"], "is there twice"), (["b", "a"], "not in its place"), (["A", "a"], "in case")],
)
def test_names_are_there_once_and_in_order(tmp_path: Path, names: list[str], why: str) -> None:
    path = tmp_path / "names.zip"
    entries: list[archive.Entry] = []
    whole = b""
    for name in names:
        one = packed(tmp_path / f"{len(whole)}", {name: b"x"})
        entry, *_ = read(one, {})[0]
        entries.append(
            archive.Entry(name=name, size=1, crc=entry.crc, sha256=entry.sha256, offset=len(whole))
        )
        whole += one.read_bytes()[: 30 + len(name) + 1]
    path.write_bytes(whole + archive.directory(entries, len(whole)))
    assert zipfile.ZipFile(path).testzip() is None
    with pytest.raises(NotAnArchive, match=why):
        read(path, {})


def test_what_swells_is_refused_before_it_does(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("manifest.json", b"0" * 10_000_000)
    path = tmp_path / "bomb.zip"
    path.write_bytes(bomb.getvalue())
    with pytest.raises(NotAnArchive, match=r"manifest\.json: its header, at byte 0, is not as"):
        read(path, {"manifest.json": 1000})


def test_a_size_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, {"a": b"1"})
    whole = bytearray(path.read_bytes())
    whole[18:26] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(whole)
    with pytest.raises(NotAnArchive, match=r"a: is to have 2,147,483,648 bytes, more than the"):
        read(path, {})


def test_a_name_that_no_archive_takes_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchive, match="is no name for a file in an archive"):
        packed(tmp_path, {"with space": b""})
