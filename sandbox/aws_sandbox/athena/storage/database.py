"""The DuckDB that all queries share: connecting to a new one takes longer than most of them."""

import threading
from pathlib import Path

import duckdb

_Config = dict[str, str | bool | int | float | list[str]]

_CONFIG: _Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 2,
    "memory_limit": "2GB",
    "python_enable_replacements": False,  # no name in a query may mean a variable of this process
}


class Database:
    """In memory, and in a folder what does not fit; each query has views and tables of its own."""

    def __init__(self, folder: Path) -> None:
        self._config: _Config = {**_CONFIG, "temp_directory": str(folder / "spilled")}
        self._parent = duckdb.connect(config=self._config)
        self._lock = threading.Lock()

    def connect(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            connection = self._parent.cursor()
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def renew(self) -> None:
        """After an internal error of DuckDB's, which makes the whole database unusable."""
        with self._lock:
            self._parent = duckdb.connect(config=self._config)
