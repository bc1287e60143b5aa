"""Members with scripts, and what a deployment has left of them as staff made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from fleet import access
from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.errors import ToldError
from fleet.runbooks import documents
from fleet.runbooks.documents import Script
from stacks.settings import Settings


def members(names: Iterable[str] | None, root: Path) -> Iterator[tuple[str, Settings]]:
    """Those with scripts, of the stacks and customers that are named."""
    for stack, settings in settings_of(chosen(names or [], root), root).items():
        if settings.scripts:
            yield stack, settings


def scripts_in(stack: str, settings: Settings, root: Path) -> Iterator[Script]:
    """As they stand in AWS now. Raises NoSession, and what boto3 raises."""
    if settings.scripts:
        yield from documents.scripts_of(stack, settings, root, access.session(settings))


def kept_scripts(stacks: Mapping[str, Settings], root: Path) -> Iterator[str]:
    """What a deployment of these left as it is, a line each: edits of staff, and texts that are
    newer here. That it can't be looked up is a line as well."""
    for stack, settings in stacks.items():
        try:
            found = list(scripts_in(stack, settings, root))
        except (ToldError, BotoCoreError, ClientError) as error:
            yield f"{stack}: whether its scripts were edited cannot be looked up: {error}"
            continue
        for script in found:
            if script.edited or script.newer_here:
                cure = "diff, then adopt" if script.edited else "publish"
                yield (
                    f"{stack}: the script {script.script} in {script.region} is kept: "
                    f"{script.state}; run: backup-org runbooks {cure}"
                )
