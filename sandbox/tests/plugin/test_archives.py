"""Archives as bytes."""

import base64
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from aws_sandbox.plugin.resources.functions import content, zipped
from aws_sandbox.plugin.values import Archive, Asset


def text(value: str) -> Asset:
    return Asset(hash=value, text=value)


def test_the_same_files_make_the_same_bytes_in_any_order_and_at_any_time(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.py").write_text("B = 2")
    (tmp_path / "deep/a.py").write_text("A = 1")
    os.utime(tmp_path / "b.py", (1, 1))
    (tmp_path / "b.py").chmod(0o755)
    folder = Archive(hash="", path=str(tmp_path))
    first = Archive(hash="", assets={"b.py": text("B = 2"), "deep/a.py": text("A = 1")})
    second = Archive(
        hash="",
        assets={"deep": Archive(hash="", assets={"a.py": text("A = 1")}), "b.py": text("B = 2")},
    )
    assert zipped(folder) == zipped(first) == zipped(second)
    with zipfile.ZipFile(io.BytesIO(zipped(folder))) as made:
        assert made.namelist() == ["b.py", "deep/a.py"]
        assert {entry.external_attr >> 16 for entry in made.infolist()} == {0o100644}


def test_a_zip_file_stays_as_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as made:
        made.writestr("a.py", "A = 1")
    archive = Archive(hash="", path=str(tmp_path / "code.zip"))
    assert zipped(archive) == (tmp_path / "code.zip").read_bytes()
    within = Archive(hash="", assets={"lib": archive})
    with zipfile.ZipFile(io.BytesIO(zipped(within))) as made:
        assert made.read("lib/a.py") == b"A = 1"


def test_what_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    assert content(Asset(hash="", path=str(tmp_path / "a.txt"))) == b"text"
    with pytest.raises(ValueError, match="text and of files only"):
        content(Asset(hash=""))
    with pytest.raises(ValueError, match="neither a folder nor a zip file"):
        zipped(Archive(hash="", path=str(tmp_path / "a.txt")))


def test_code_is_known_by_the_hash_of_its_zip(plugin: Any) -> None:
    code = Archive(hash="code", assets={"python/a.py": text("A = 1")})
    made = plugin.make("aws:lambda/layerVersion:LayerVersion", {"layerName": "hash", "code": code})
    hashed = base64.b64encode(hashlib.sha256(zipped(code)).digest()).decode()
    assert made.outputs.values["sourceCodeHash"] == hashed
    plugin.delete(made)
