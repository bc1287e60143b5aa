"""What the engine says while it works on a stack, gathered from its events."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi.automation import EngineEvent

from fleet.deploy.changes import PROTECTED, Change, drifted, is_stack, outputs_changed, planned


class Heard:
    """All that one run of the engine said, each thing once and in order."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._advice: list[str] = []
        self._warnings: list[str] = []
        self._details: dict[str, Change] = {}
        self._drift: dict[str, Change] = {}

    def hear(self, event: EngineEvent) -> None:
        self.complaints.extend(complaints(event))
        self._advice.extend(advice(event))
        self._warnings.extend(warnings(event))
        for change in filter(None, (planned(event), outputs_changed(event))):
            if change.op.endswith("-replaced"):
                self._details.setdefault(change.urn, change)
            else:
                self._details[change.urn] = change
        if (change := drifted(event)) is not None:
            self._drift[change.urn] = change

    @property
    def advice(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._advice))

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._warnings))

    @property
    def details(self) -> tuple[Change, ...]:
        return tuple(self._details.values())

    @property
    def drift(self) -> tuple[Change, ...]:
        return tuple(self._drift.values())


_PROTECTED = ("because it is protected", "currently marked for protection")
_OF_OUR_OWN = "using pulumi-analyzer-policy-python from $PATH"
"""A warning that tells of where this command put the engine's plugin."""


def complaints(event: EngineEvent) -> Iterator[str]:
    """Errors and policy violations in an event, as people read them."""
    diagnostic = event.diagnostic_event
    if diagnostic is not None and diagnostic.severity == "error":
        protected = any(phrase in diagnostic.message for phrase in _PROTECTED)
        said = PROTECTED if protected else diagnostic.message.strip()
        yield f"{_resource(diagnostic.urn)}{said}"
    violation = event.policy_event
    if violation is not None and violation.enforcement_level == "mandatory":
        where = _resource(violation.resource_urn)
        yield f"policy {violation.policy_name}: {where}{violation.message.strip()}"


def warnings(event: EngineEvent) -> Iterator[str]:
    """What the engine, a provider or the program warns of in an event."""
    diagnostic = event.diagnostic_event
    if diagnostic is None or diagnostic.severity != "warning":
        return
    if not diagnostic.message.startswith(_OF_OUR_OWN):
        yield f"{_resource(diagnostic.urn)}{diagnostic.message.strip()}"


def advice(event: EngineEvent) -> Iterator[str]:
    """An advisory violation in an event: the last line of a message says what and the cure, those
    before it are the policy's description."""
    violation = event.policy_event
    if violation is not None and violation.enforcement_level == "advisory":
        *_, said = violation.message.strip().splitlines() or [""]
        yield f"policy {violation.policy_name}: {_resource(violation.resource_urn)}{said.strip()}"


def _resource(urn: str | None) -> str:
    """`aws:s3/bucket:Bucket reports: `; nothing for the stack itself."""
    if not urn or is_stack(urn):
        return ""
    kinds, name = urn.split("::")[-2:]
    return f"{kinds.rpartition('$')[2]} {name}: "
