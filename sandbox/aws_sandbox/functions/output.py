"""What a process prints, read without ever holding it up."""

import os
import selectors
import threading
from typing import IO


class Output:
    """Reads standard output and error, joined as Lambda joins them, until nobody writes them."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._pending = b""
        self._lines: list[str] = []
        os.set_blocking(pipe.fileno(), False)
        threading.Thread(target=self._follow, name="function-output", daemon=True).start()

    def take(self) -> list[str]:
        """The lines since the last call, whatever the process wrote before this one included."""
        with self._lock:
            self._read()
            lines, self._lines = self._lines, []
            return lines

    def take_rest(self) -> list[str]:
        """Like `take`, with a last line that has no end."""
        lines = self.take()
        with self._lock:
            rest, self._pending = self._pending, b""
        return [*lines, _text(rest)] if rest else lines

    def _follow(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while not self._pipe.closed:
                selector.select()
                with self._lock:
                    if not self._read():
                        self._pipe.close()

    def _read(self) -> bool:
        """Reads all that is there; False at the end."""
        while not self._pipe.closed:
            try:
                chunk = os.read(self._pipe.fileno(), 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *complete, self._pending = (self._pending + chunk).split(b"\n")
            self._lines += map(_text, complete)
        return False


def _text(line: bytes) -> str:
    """The runtime client ends the lines of one error report by carriage returns."""
    return line.decode(errors="replace").rstrip("\r").replace("\r", "\n")
