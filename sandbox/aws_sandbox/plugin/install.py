"""Puts the stand-in where the engine looks for the official plugin."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

VERSION: Final = "7.51.1"
"""The version of pulumi-aws that is stood in for: the engine asks for exactly the SDK's."""
CHECKOUT: Final = Path(__file__).parents[2]


def plugin_folder(pulumi_home: Path) -> Path:
    """Where the engine looks for the plugin."""
    return pulumi_home / "plugins" / f"resource-aws-v{VERSION}"


def install(pulumi_home: Path, python: Path) -> Path:
    """Installs the plugin in a Pulumi home, to run by this Python; gives its executable.

    An engine that finds it there neither warns nor downloads. A second call changes nothing.
    """
    folder = plugin_folder(pulumi_home)
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / "pulumi-resource-aws"
    starter = Path(__file__).with_name("starter.py")
    executable.write_text(
        "#!/bin/sh\n"
        "# -I and -S: the starter needs nothing but the standard library, and must start at once.\n"
        f"exec {shlex.quote(str(python))} -I -S {shlex.quote(str(starter))}"
        f' {shlex.quote(str(python))} {shlex.quote(str(CHECKOUT))} "$0" "$@"\n'
    )
    executable.chmod(0o755)
    return executable
