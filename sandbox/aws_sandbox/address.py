"""Where a running sandbox is: the file by which its daemon and its clients meet."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "address.json"


@dataclass(frozen=True, kw_only=True)
class Address:
    """What a client needs to know of a daemon."""

    pid: int
    endpoint: str
    """AWS, and the control calls under `/_sandbox/`."""
    servicenow: str

    def write(self, directory: Path) -> None:
        """Makes the file appear whole."""
        draft = directory / f"{_FILE}.draft"
        draft.write_text(json.dumps(asdict(self), indent=2))
        draft.replace(directory / _FILE)

    @staticmethod
    def read(directory: Path) -> "Address | None":
        """The address in a directory, None when no daemon has written one."""
        try:
            return Address(**json.loads((directory / _FILE).read_text()))
        except FileNotFoundError:
            return None

    @staticmethod
    def remove(directory: Path) -> None:
        (directory / _FILE).unlink(missing_ok=True)
