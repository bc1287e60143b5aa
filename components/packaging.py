"""What a Lambda function is made of: an archive of its own sources, and layers of dependencies."""

import dis
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

import pulumi

ROOT = Path(__file__).resolve().parent.parent
HANDLERS = ROOT / "handlers"
LAYERS = ROOT / "build" / "layers"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What a function is declared to run on; its layers are resolved for this, not for us."""

    runtime: str
    """python3.11, …"""
    architecture: str
    """x86_64 or arm64."""


def entry_point(handler: str) -> str:
    return f"handlers.{handler}.app.handler"


def handler_archive(handler: str) -> pulumi.AssetArchive:
    """The sources that the handler imports, sorted: the same bytes hash alike on every machine."""
    return pulumi.AssetArchive(
        {
            path.relative_to(ROOT).as_posix(): pulumi.FileAsset(path)
            for path in source_files(handler)
        }
    )


def source_files(handler: str) -> list[Path]:
    """app.py of a handler's folder and, through its imports, every file of ours that it needs."""
    found: set[Path] = set()
    todo = [HANDLERS / handler / "app.py"]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo += _imports(path, path.read_text(encoding="utf-8"))
    return sorted(found)


@cache
def _imports(path: Path, source: str) -> Sequence[Path]:
    # By bytecode, not ast: several stacks' programs run in threads, where ast.parse of Python 3.11
    # fails now and then (python/cpython#106905).
    modules = dict.fromkeys(_imported(compile(source, str(path), "exec")))
    files = [ROOT.joinpath(*m.split(".")).with_suffix(".py") for m in modules if _is_ours(m)]
    return [file for file in files if file.is_file()]


def _is_ours(module: str) -> bool:
    return module.startswith(("handlers.", "reports."))


def _imported(code: CodeType) -> Iterator[str]:
    """Every module that the code, or a function in it, may import."""
    module = ""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            module = instruction.argval
            yield module
        elif instruction.opname == "IMPORT_FROM":
            yield f"{module}.{instruction.argval}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _imported(constant)


def layer_requirements(layer: str) -> Path:
    """The pinned and hashed requirements that a layer holds."""
    return HANDLERS / "layers" / f"{layer}.txt"


def layer_file(layer: str, platform: Platform) -> Path:
    """Where a layer's archive lies once it is built: named after all that it is made from."""
    digest = hashlib.sha256(layer_requirements(layer).read_bytes()).hexdigest()[:12]
    return LAYERS / f"{layer}-{platform.runtime}-{platform.architecture}-{digest}.zip"


def layer_archive(layer: str, platform: Platform) -> pulumi.FileArchive:
    file = layer_file(layer, platform)
    if not file.is_file():
        raise pulumi.RunError(
            f"the layer {layer} for {platform.runtime} on {platform.architecture} is not built "
            f"({file.relative_to(ROOT)}); run: backup-org layers"
        )
    return pulumi.FileArchive(str(file))
