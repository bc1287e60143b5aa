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


SETTINGS = "settings.json"
"""Of a handler, in its folder: what is too much for a function's environment, of 4 KB."""


def handler_archive(handler: str, settings: str | None = None) -> pulumi.AssetArchive:
    """The handler's sources, sorted: the same bytes hash alike on every machine. With its
    settings, as JSON, where it has some."""
    assets: dict[str, pulumi.Asset | pulumi.Archive] = {
        path.relative_to(ROOT).as_posix(): pulumi.FileAsset(path) for path in source_files(handler)
    }
    if settings is not None:
        assets[f"handlers/{handler}/{SETTINGS}"] = pulumi.StringAsset(settings)
    return pulumi.AssetArchive(assets)


def source_files(handler: str) -> list[Path]:
    """The handler's folder, what handlers share, and `reports/`; sorted.

    `reports/digest/`, with its templates, goes to those that import it.
    """
    own = sorted((HANDLERS / handler).glob("*.py"))
    shared = [path for folder in (HANDLERS, ROOT / "reports") for path in folder.glob("*.py")]
    digest = ROOT / "reports" / "digest"
    if any("reports.digest" in path.read_text(encoding="utf-8") for path in own):
        shared += [*digest.glob("*.py"), *digest.glob("*.j2"), *digest.glob("*.css")]
    return sorted([*own, *shared])
