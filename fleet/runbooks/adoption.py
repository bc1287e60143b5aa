"""What becomes of files here when a script that staff edited in AWS is taken for the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fleet.errors import ToldError
from fleet.runbooks.documents import Script
from fleet.settings_file import place_of, with_change
from stacks.script_documents import path_of, problems_of
from stacks.settings import MemberSettings, Settings
from stacks.values import BUILT_IN_SCRIPTS


def adopted(script: Script, text: str, settings: Settings, root: Path) -> Mapping[Path, str]:
    """Each file to write, with its text: the customer's own document, and where the script was one
    of the examples, the settings that name it from now on. Raises ToldError."""
    wanted = settings.scripts[script.script]
    problems = list(problems_of(text, wanted.platform))
    if problems:
        lines = "".join(f"\n  it {problem}" for problem in problems)
        raise ToldError(f"nothing is written: {script.document} could not be deployed:{lines}")
    assert wanted.document is not None
    if wanted.document not in BUILT_IN_SCRIPTS:
        return {path_of(settings.customer, wanted.document, root): text}
    account = settings.name if isinstance(settings, MemberSettings) else settings.role
    own = f"{account}-{script.script}.yaml"
    path = path_of(settings.customer, own, root)
    if path.exists():
        raise ToldError(f"nothing is written: {path.relative_to(root)} exists; move it away")

    def change(values: Any) -> None:
        place_of(values, "scripts", script.script)["document"] = own

    settings_path, settings_text = with_change(root, script.stack, change)
    return {path: text, settings_path: settings_text}
