"""A stand-in for the official `aws` plugin, and the way to that one: the genuine Pulumi engine
deploys onto the sandbox.

The stand-in is a resource provider of Pulumi's own protocol with a table from resource types to
calls of AWS's API. What it does not know (a type, a property, an invoke, an endpoint off this
machine) it refuses; it never ignores anything.
"""

from aws_sandbox.plugin.install import (
    VERSION,
    ForkServer,
    NoOfficialPluginError,
    Plugin,
    install,
    install_official,
)

__all__ = [
    "VERSION",
    "ForkServer",
    "NoOfficialPluginError",
    "Plugin",
    "install",
    "install_official",
]
