"""An HTTP proxy, where the environment names one."""

from __future__ import annotations

from collections.abc import MutableMapping

_THIS_MACHINE = ("127.0.0.1", "localhost")
_NAMES = ("NO_PROXY", "no_proxy")


def reach_this_machine_directly(environment: MutableMapping[str, str]) -> None:
    """Keeps a proxy out of the way to the servers of the engine and of the sandbox, which listen
    on 127.0.0.1. Hosts that the environment excepts already stay excepted, for every reader of
    either spelling."""
    excepted = [host.strip() for name in _NAMES for host in environment.get(name, "").split(",")]
    hosts = dict.fromkeys([*filter(None, excepted), *_THIS_MACHINE])
    if "*" in hosts:  # only alone does it except all
        return
    for name in _NAMES:
        environment[name] = ",".join(hosts)
