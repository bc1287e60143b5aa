"""The CMDB: cmdb_ci and the tables that extend it, which are only read here."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from hashlib import md5

Record = dict[str, str]


def sys_id(name: str) -> str:
    """The 32 hexadecimal digits that identify a record; the same for the same name."""
    return md5(name.encode(), usedforsecurity=False).hexdigest()


CMDB = "cmdb_ci"
_FIELDS = ("sys_id", "sys_class_name", "name", "asset_tag", "correlation_id", "serial_number")
"""Of cmdb_ci; what is of a cloud has its `object_id` in a table that extends it."""


class ConfigurationItems:
    """All items of an instance; safe to use from several threads."""

    def __init__(self, items: Iterable[Mapping[str, str]] = ()) -> None:
        self._items: list[Record] = []
        self._lock = threading.Lock()
        for item in items:
            self.add(item)

    def add(self, values: Mapping[str, str]) -> None:
        """Adds an item: its `name` at least; of the table `sys_class_name`, cmdb_ci where it has
        none; a field whose name begins with `u_` becomes one of cmdb_ci, any other of its table.
        ValueError: it has no name."""
        if not values.get("name"):
            raise ValueError(f"a configuration item has a name, not only {sorted(values)}")
        identity = {"sys_id": sys_id(values["name"]), "sys_class_name": CMDB}
        with self._lock:
            self._items.append({**identity, **values})

    def all(self, table: str) -> Sequence[Record]:
        """Copies of a table's items, each with all of the table's fields; cmdb_ci has the items of
        every table."""
        names = self.fields(table)
        with self._lock:
            return [
                {name: item.get(name, "") for name in names}
                for item in self._items
                if table in {CMDB, item["sys_class_name"]}
            ]

    def fields(self, table: str) -> Sequence[str]:
        with self._lock:
            return sorted(
                {
                    *_FIELDS,
                    *(
                        name
                        for item in self._items
                        for name in item
                        if name.startswith("u_") or table == item["sys_class_name"] != CMDB
                    ),
                }
            )

    def names(self) -> Mapping[str, str]:
        """sys_id → name."""
        with self._lock:
            return {item["sys_id"]: item["name"] for item in self._items}
