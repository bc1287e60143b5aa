"""What functions can be declared to run on, so that they run on this machine."""

import platform
import sys

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""Of the interpreter that runs this."""

MACHINES = {"x86_64": ("x86_64", "AMD64"), "arm64": ("arm64", "aarch64")}
"""Lambda's architectures, and what machines call themselves that have them."""


def architecture() -> str:
    """Raises ValueError on a machine that Lambda has not."""
    for name, machines in MACHINES.items():
        if platform.machine() in machines:
            return name
    raise ValueError(f"Lambda knows no architecture {platform.machine()}, as this machine is")
