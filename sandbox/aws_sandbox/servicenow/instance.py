"""What differs from one ServiceNow instance to the next: choices, mandatory fields, who exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5


@dataclass(frozen=True, kw_only=True)
class Instance:
    """The configuration of one instance; the defaults are those of a new one."""

    close_codes: Sequence[str] = (
        "Duplicate",
        "Known error",
        "No resolution provided",
        "Resolved by caller",
        "Resolved by change",
        "Resolved by problem",
        "Resolved by request",
        "Solution provided",
        "Workaround provided",
        "User error",
    )
    """Differ between instances and releases: older ones say `Solved (Permanently)`."""
    mandatory: Sequence[str] = ("short_description",)
    """Fields that a data policy demands of a new incident."""
    users: Sequence[str] = ("backup.monitor",)
    groups: Sequence[str] = ("Backup Operations", "Service Desk")
    configuration_items: Sequence[str] = ()
    custom_fields: Mapping[str, int] = field(default_factory=dict[str, int])
    """`u_…` fields that the instance has added, with their lengths."""

    def references(self, field_name: str) -> Mapping[str, str]:
        """What a reference field may point to: sys_id → display value."""
        names = {
            "assignment_group": self.groups,
            "cmdb_ci": self.configuration_items,
        }.get(field_name, self.users)
        return {sys_id(name): name for name in names}


def sys_id(name: str) -> str:
    """The 32 hexadecimal digits that identify a record; the same for the same name."""
    return md5(name.encode(), usedforsecurity=False).hexdigest()
