"""Assets and archives as bytes: the same content gives the same bytes on every machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aws_sandbox.plugin.values import Archive, Asset

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
MODE: Final = 0o100644 << 16
"""A readable file, in the upper half of a zip entry's external attributes."""


def content(asset: Asset) -> bytes:
    """The bytes of a text or of a file; ValueError for an asset that lies elsewhere."""
    if asset.text is not None:
        return asset.text.encode()
    if asset.path is None:
        raise ValueError("the sandbox's stand-in takes assets of text and of files only")
    return Path(asset.path).read_bytes()


def zipped(archive: Archive) -> bytes:
    """The archive as a zip: entries sorted by name, without times, owners or modes of their own.

    An archive that is a zip file already stays as it is, as the official plugin leaves it.
    """
    if archive.path is not None and archive.path.endswith(".zip"):
        return Path(archive.path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in sorted(_entries(archive)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, body)
    return buffer.getvalue()


def _entries(archive: Archive, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    if archive.assets is not None:
        for name, member in archive.assets.items():
            if isinstance(member, Asset):
                yield f"{prefix}{name}", content(member)
            else:
                yield from _entries(member, f"{prefix}{name}/")
    elif archive.path is not None:
        yield from _file_entries(Path(archive.path), prefix)
    else:
        raise ValueError("the sandbox's stand-in takes archives of assets and of files only")


def _file_entries(path: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield f"{prefix}{file.relative_to(path).as_posix()}", file.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as source:
            for name in source.namelist():
                yield f"{prefix}{name}", source.read(name)
    else:
        raise ValueError(f"{path} is neither a folder nor a zip file")
