"""What a Lambda function is made of: an archive of its own sources, and layers of dependencies."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

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
    """The handler's sources, sorted: the same bytes hash alike on every machine."""
    return pulumi.AssetArchive(
        {
            path.relative_to(ROOT).as_posix(): pulumi.FileAsset(path)
            for path in source_files(handler)
        }
    )


def source_files(handler: str) -> list[Path]:
    """The handler's folder, what handlers share, and `reports/`; sorted."""
    folders = (HANDLERS, HANDLERS / handler, ROOT / "reports")
    return sorted(path for folder in folders for path in folder.glob("*.py"))


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
