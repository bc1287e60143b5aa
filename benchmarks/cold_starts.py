"""What a function's cold start loads: sizes of archives and layers, and its imports' CPU time.

Each import is a process of its own, as in Lambda: the function's archive and its layers alone are
on the path, and nothing is written beside them. The baseline is `import boto3` from the same layer,
which is what every function here needs whatever it does.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Measure
from components.packaging.archives import HANDLERS, ROOT, entry_point, source_files
from components.packaging.layers import layer_file, layer_names
from fleet.sandbox.workspace import machine

FULL, TINY = 15, 1
"""How often each is imported; the smallest counts, as other work only adds."""
_AT_MOST = 1.3
_UNZIPPED_AT_MOST = 250 * 2**20
"""Lambda's limit on a function with all its layers."""


def run(times: int) -> Sequence[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        archives = {layer: layer_file(layer, machine(), _unsaid) for layer in layer_names()}
        for layer, archive in archives.items():
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(root / layer)
        path = [root / layer / "python" for layer in archives]
        return [
            *_layer_sizes(archives),
            *_source_sizes(),
            *_imports(root / "functions", path, times),
        ]


def _layer_sizes(archives: dict[str, Path]) -> Iterator[Measure]:
    unzipped = 0
    for layer, archive in archives.items():
        with zipfile.ZipFile(archive) as zipped:
            entries = zipped.infolist()
        unzipped += sum(entry.file_size for entry in entries)
        bytecode = sum(e.compress_size for e in entries if e.filename.endswith(".pyc"))
        yield Measure(
            what=f"layer {layer}",
            value=archive.stat().st_size / 1e6,
            unit="MB",
            baseline="without bytecode",
            base=(archive.stat().st_size - bytecode) / 1e6,
        )
    yield Measure(
        what="all layers, unzipped",
        value=unzipped / 1e6,
        unit="MB",
        baseline="Lambda's limit",
        base=_UNZIPPED_AT_MOST / 1e6,
        at_most=1,
    )


def _source_sizes() -> Iterator[Measure]:
    everything = {path for handler in _handlers() for path in source_files(handler)}
    for handler in _handlers():
        yield Measure(
            what=f"sources of {handler}",
            value=sum(path.stat().st_size for path in source_files(handler)) / 1e3,
            unit="kB",
            baseline="of all functions together",
            base=sum(path.stat().st_size for path in everything) / 1e3,
        )


def _imports(folder: Path, layers: Sequence[Path], times: int) -> Iterator[Measure]:
    bare = _cpu_seconds("boto3", layers, times)
    for handler in _handlers():
        for source in source_files(handler):
            target = folder / handler / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        module = entry_point(handler).rpartition(".")[0]
        yield Measure(
            what=f"import {module}",
            value=_cpu_seconds(module, [folder / handler, *layers], times),
            unit="s of CPU",
            baseline="import boto3",
            base=bare,
            at_most=_AT_MOST,
        )
    for layer in layers:
        for bytecode in sorted(layer.rglob("__pycache__")):
            shutil.rmtree(bytecode)
    yield Measure(
        what="import boto3 without bytecode",
        value=_cpu_seconds("boto3", layers, times),
        unit="s of CPU",
        baseline="import boto3",
        base=bare,
    )


def _handlers() -> Sequence[str]:
    return sorted(path.parent.name for path in HANDLERS.glob("*/app.py"))


def _cpu_seconds(module: str, path: Sequence[Path], times: int) -> float:
    """Of an interpreter that has nothing else on its path and imports the module."""
    script = f"import sys; sys.path[:0] = sys.argv[1:]; import {module}"
    command = [sys.executable, "-I", "-B", "-S", "-c", script, *map(str, path)]
    return min(_once(command) for _ in range(times))


def _once(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _unsaid(message: str) -> None:
    """A benchmark's lines are figures."""
    del message
