"""An end that is asked for, by Ctrl-C or SIGTERM: the engine ends what it has begun."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

_CHECK_SECONDS = 0.1
_asked = threading.Event()
_came: list[int] = []
"""The signals that asked for the end, in their order."""


def end_in_order() -> None:
    """Makes SIGTERM do what Ctrl-C does at a terminal, and lets neither begin anything more."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, _interrupt)


@contextmanager
def held() -> Generator[None]:
    """Lets a short call end whose answer must not be lost; what interrupts meanwhile does so after
    it. In another thread than the main one, which alone is interrupted, it changes nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def asked() -> bool:
    """Whether the end was asked for."""
    return _asked.is_set()


def end_asked_within(seconds: float) -> bool:
    """Waits so long, or until the end is asked for; whether it is."""
    return _asked.wait(seconds)


def exit_code() -> int:
    """Of what was asked to end, as shells have it: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + _came[0]


def leave(code: int) -> NoReturn:
    """Ends this process at once. Where the engine ended before the program that it ran, Pulumi's
    thread waits for an answer for good, and Python would wait for that thread."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):  # who reads it has enough
            stream.flush()
    os._exit(code)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del frame
    # A terminal has told those that run by now; a second time would cut them off.
    told = set(_children()) if number == signal.SIGINT else set[int]()
    _tell(told)
    _came.append(number)
    _asked.set()
    threading.Thread(target=_go_on_telling, args=(told,), daemon=True).start()
    raise KeyboardInterrupt


def _go_on_telling(told: set[int]) -> None:
    """What a thread begins between two commands of the engine is told as well."""
    while True:
        _tell(told)
        time.sleep(_CHECK_SECONDS)


def _tell(told: set[int]) -> None:
    ours = _command(os.getpid())
    for pid in _children():
        with suppress(ProcessLookupError, FileNotFoundError):
            # Until it is what it was started as, it is a copy of this, in which a signal is lost.
            if pid in told or _command(pid) == ours:
                continue
            # Those of our process group are what Ctrl-C would reach; the sandbox is in another.
            if os.getpgid(pid) == os.getpgrp():
                os.kill(pid, signal.SIGINT)
            told.add(pid)


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _children() -> Iterator[int]:
    """This process's own, whichever thread started them."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            yield from map(int, (task / "children").read_text().split())
