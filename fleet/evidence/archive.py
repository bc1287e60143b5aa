"""One file of many: a ZIP in the one form that its contents allow, so that no byte of it is free.

Entries lie in the order of their names, stored as they are, with the same date, flags and
attributes; nothing stands before, between or behind them. Any program unzips it; what reads it
here takes no other form. ADR 0029. Source: PKWARE's APPNOTE.TXT, sections 4.3 and 4.4.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fleet.errors import ToldError

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""No folder above, no root, no drive, nothing hidden."""
MOST_ENTRIES = 65_000
MOST_BYTES = 2**32 - 2**24
"""Past which a ZIP needs another form; a part is left for the directory."""
LONGEST_NAME = 240

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_COMMON = struct.Struct("<HHHHHIIIHH")
"""Version, flags, method, time, date, CRC-32, size twice, lengths of name and extra field."""
_VERSION, _DATE = 20, 0x0021
"""2.0; 1 January 1980, the first that there is."""
_MADE_BY, _ATTRIBUTES = 3 << 8 | _VERSION, 0o100644 << 16
"""Unix: a file that all read and its owner writes."""
_CHUNK = 1 << 20


class NotAnArchive(ToldError):
    """The file does not have the one form; says where, and what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    name: str
    size: int
    """In bytes."""
    crc: int
    sha256: str
    """In hexadecimal digits."""
    offset: int
    """Of its header in the file."""


def files_in(folder: Path) -> Mapping[str, Path]:
    """By the names that they have in an archive, in their order there."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {name: found[name] for name in sorted(found) if found[name].is_file()}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, folder: Path) -> None:
    """Raises NotAnArchive for names and sizes that the form does not take."""
    files = files_in(folder)
    _check_names([*files])
    total = sum(file.stat().st_size for file in files.values())
    if total > MOST_BYTES or len(files) > MOST_ENTRIES:
        raise NotAnArchive(
            f"{len(files):,} files of {total:,} bytes are too much for one archive, which takes "
            f"{MOST_ENTRIES:,} of {MOST_BYTES:,}; make it of a shorter period"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    entries: list[Entry] = []
    with path.open("wb") as archive:
        for name, file in files.items():
            content = file.read_bytes()
            entry = Entry(
                name=name,
                size=len(content),
                crc=zlib.crc32(content),
                sha256=hashlib.sha256(content).hexdigest(),
                offset=archive.tell(),
            )
            archive.write(_local_header(name, entry.size, entry.crc))
            archive.write(content)
            entries.append(entry)
        archive.write(directory(entries, archive.tell()))


def read(path: Path, kept: Mapping[str, int]) -> tuple[Sequence[Entry], Mapping[str, bytes]]:
    """The entries, and the contents of those to be kept, which may have so many bytes. Reads the
    file once from front to back, a mebibyte at a time. Raises NotAnArchive."""
    entries: list[Entry] = []
    contents: dict[str, bytes] = {}
    total = path.stat().st_size
    with path.open("rb") as file:
        while (magic := file.read(4)) == _LOCAL:
            if len(entries) >= MOST_ENTRIES:
                raise NotAnArchive(f"there are more than {MOST_ENTRIES:,} files in it")
            entry, content = _read_entry(file, total, kept)
            entries.append(entry)
            if content is not None:
                contents[entry.name] = content
        start = file.tell() - len(magic)
        expected = directory(entries, start)
        file.seek(start)
        if file.read(len(expected) + 1) != expected:
            raise NotAnArchive(
                f"from byte {start:,} on it should have the directory of the {len(entries):,} "
                "files before, and nothing else; it was changed, cut or added to"
            )
    _check_names([entry.name for entry in entries])
    return entries, contents


def _read_entry(file: IO[bytes], total: int, kept: Mapping[str, int]) -> tuple[Entry, bytes | None]:
    """One entry, whose first four bytes are read; its content where it is to be kept."""
    offset = file.tell() - 4
    fixed = file.read(_COMMON.size)
    if len(fixed) < _COMMON.size:
        raise NotAnArchive(f"it ends in the header at byte {offset:,}: it was cut")
    *_, crc, size, _, length, _ = _COMMON.unpack(fixed)
    raw = file.read(min(length, LONGEST_NAME))
    name = raw.decode("ascii", "replace")
    if not NAME.fullmatch(name):
        raise NotAnArchive(f"the header at byte {offset:,} has {name!r} as a name, which is none")
    if _local_header(name, size, crc) != _LOCAL + fixed + raw:
        raise NotAnArchive(f"{name}: its header, at byte {offset:,}, is not as it was written")
    if size > total - file.tell():
        raise NotAnArchive(f"{name}: is to have {size:,} bytes, more than the file has left")
    if size > kept.get(name, size):
        raise NotAnArchive(f"{name}: has {size:,} bytes, of {kept[name]:,} at most")
    parts: list[bytes] = []
    digest, found, left = hashlib.sha256(), 0, size
    while left:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise NotAnArchive(f"{name}: the file ends within it")
        digest.update(chunk)
        found = zlib.crc32(chunk, found)
        left -= len(chunk)
        if name in kept:
            parts.append(chunk)
    if found != crc:
        raise NotAnArchive(f"{name}: its contents or its CRC-32 were changed")
    entry = Entry(name=name, size=size, crc=crc, sha256=digest.hexdigest(), offset=offset)
    return entry, b"".join(parts) if name in kept else None


def _check_names(names: Sequence[str]) -> None:
    """Raises NotAnArchive, which names the one that is wrong."""
    folded = set[str]()
    for before, name in zip(["", *names], names, strict=False):
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise NotAnArchive(f"{name!r} is no name for a file in an archive")
        if name <= before:
            raise NotAnArchive(f"{name}: is there twice, or not in its place")
        if name.lower() in folded:
            raise NotAnArchive(f"{name}: differs from another in case alone")
        folded.add(name.lower())


def _common(name: str, size: int, crc: int) -> bytes:
    return _COMMON.pack(_VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0)


def _local_header(name: str, size: int, crc: int) -> bytes:
    return _LOCAL + _common(name, size, crc) + name.encode("ascii")


def directory(entries: Sequence[Entry], start: int) -> bytes:
    """The central directory, which begins there, and the record that ends the file."""
    headers = b"".join(
        _CENTRAL
        + struct.pack("<H", _MADE_BY)
        + _common(each.name, each.size, each.crc)
        + struct.pack("<HHHII", 0, 0, 0, _ATTRIBUTES, each.offset)
        + each.name.encode("ascii")
        for each in entries
    )
    count = len(entries)
    return headers + _END + struct.pack("<HHHHIIH", 0, 0, count, count, len(headers), start, 0)
