"""A deployed function as moto's Lambda holds it, read at each invocation, and its code on disk."""

import hashlib
import io
import json
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from moto.awslambda.models import LambdaFunction
from moto.backends import get_backend


class InvokeError(Exception):
    """Lambda's answer to an Invoke that reaches no handler; `code` and `status` are Lambda's."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A zip file as deployed."""

    digest: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Everything that decides how a function runs."""

    arn: str
    name: str
    version: str
    account: str
    region: str
    role: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_seconds: int
    environment: Mapping[str, str]
    log_group: str
    log_format: str
    """JSON or Text."""
    log_level: str
    """ApplicationLogLevel, "" where there is none."""
    code: Archive
    layers: Sequence[Archive]

    @property
    def fingerprint(self) -> str:
        """Changes with the code and with any setting: then a warm process is not used again."""
        content = asdict(self) | {
            "code": self.code.digest,
            "layers": [layer.digest for layer in self.layers],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_definition(function: LambdaFunction) -> Definition:
    """Raises InvokeError for a function whose layer is gone."""
    logging: Mapping[str, str] = getattr(function, "logging_config", {})
    return Definition(
        arn=function.function_arn,
        name=function.function_name,
        version=str(function.version),
        account=function.account_id,
        region=function.region,
        role=function.role,
        handler=function.handler or "",
        runtime=function.run_time or "",
        memory_mb=int(function.memory_size),
        timeout_seconds=int(function.timeout),
        environment=dict(function.environment_vars),
        log_group=logging.get("LogGroup") or f"/aws/lambda/{function.function_name}",
        log_format=logging.get("LogFormat", "Text"),
        log_level=logging.get("ApplicationLogLevel", ""),
        code=Archive(digest=function.code_digest, content=function.code_bytes),
        layers=[_layer(function, layer["Arn"]) for layer in function.layers],
    )


def _layer(function: LambdaFunction, arn: str) -> Archive:
    backend = get_backend("lambda")[function.account_id][function.region]
    version = backend.layers_versions_by_arn(arn)
    if version is None:
        message = f"{function.function_arn} uses {arn}, which is deleted: deploy it"
        raise InvokeError("InvalidRuntimeException", 502, message)
    return Archive(digest=version.code_digest, content=version.code_bytes)


class Archives:
    """Folders that stand for `/var/task` and `/opt`, each unzipped once, by what is in it.

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
