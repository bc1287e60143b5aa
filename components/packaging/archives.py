"""A Lambda function's own sources as an archive, the same on every machine."""

from dataclasses import dataclass
from pathlib import Path

import pulumi

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = ROOT / "handlers"


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
