"""Archives unzipped into a cache folder, each once, by what is in them."""

import hashlib
import io
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

from aws_sandbox.functions.definition import Archive


class Archives:
    """Folders that stand for `/var/task` and `/opt`.

    They are read by every process of every function with the same archives, so nothing may write
    to them; on Lambda they are read-only as well.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self.bytecode = cache / "bytecode"
        self._lock = threading.Lock()

    def task(self, code: Archive) -> Path:
        """The folder of a function's own code."""
        return self._unpacked("task", [code])

    def opt(self, layers: Sequence[Archive]) -> Path:
        """The folder of all layers together; a later layer overwrites files of an earlier one."""
        return self._unpacked("opt", layers)

    def _unpacked(self, kind: str, archives: Sequence[Archive]) -> Path:
        digest = hashlib.sha256("".join(archive.digest for archive in archives).encode())
        folder = self._cache / kind / digest.hexdigest()[:32]
        with self._lock:
            if not folder.exists():
                folder.parent.mkdir(parents=True, exist_ok=True)
                unpacked = Path(tempfile.mkdtemp(dir=folder.parent))
                try:
                    for archive in archives:
                        _unzip(archive.content, unpacked)
                    unpacked.chmod(0o755)
                    unpacked.rename(folder)
                except BaseException:
                    shutil.rmtree(unpacked)
                    raise
        return folder


def unzipped_size(content: bytes) -> int:
    """Bytes of all files of an archive; raises zipfile.BadZipFile for what is no zip file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _unzip(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            if not entry.is_dir():
                executable = (entry.external_attr >> 16) & 0o111
                path.chmod(0o644 | executable)
