"""Repeatable random numbers, each named by what it is drawn for."""

from hashlib import blake2b
from struct import unpack_from


class Draws:
    """Numbers that depend on the key alone: the same key gives the same, in any order and process.

    A hash is drawn at once, so a job of any day can be looked at without the days before it.
    """

    __slots__ = ("_bytes", "_numbers")

    def __init__(self, key: str) -> None:
        self._bytes = blake2b(key.encode(), digest_size=32).digest()
        self._numbers = unpack_from("<8H", self._bytes, 16)

    def share(self, number: int) -> float:
        """The `number`th of eight independent numbers, in [0, 1)."""
        return self._numbers[number] / 65536

    def uuid(self) -> str:
        """In upper case, as AWS Backup writes job ids."""
        text = self._bytes.hex().upper()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-A{text[17:20]}-{text[20:32]}"

    def hexadecimal(self, digits: int) -> str:
        """Up to 32 lower-case digits, as in `vol-0123…`."""
        return self._bytes.hex()[:digits]
