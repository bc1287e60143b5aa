"""The resource types of the stand-in, a file a service; importing the package makes them known."""

import importlib
import pkgutil

from aws_sandbox.plugin.resource import REGISTRY, Resource

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)


def declaration(token: str) -> Resource:
    """The declaration of a type; ValueError for one that the stand-in does not know."""
    if token in REGISTRY:
        return REGISTRY[token]
    raise ValueError(
        f"the sandbox's stand-in for the aws plugin does not know {token}; it knows "
        f"{', '.join(sorted(REGISTRY))}. Add it in aws_sandbox/plugin/resources/"
    )
