"""The policy pack's process, and the engine that started it."""

from __future__ import annotations

import subprocess
import sys

_PACK = """
import time
from policies.with_engine import end_with_engine
end_with_engine()
print("ready", flush=True)
time.sleep(30)
"""
_ENGINE = f"""
import subprocess, sys
pack = subprocess.Popen([sys.executable, "-c", {_PACK!r}], stdout=subprocess.PIPE, text=True)
pack.stdout.readline()
print(pack.pid, flush=True)
sys.stdin.read()
"""


def test_a_pack_ends_with_an_engine_that_is_killed() -> None:
    # Whoever has the pack's errors sees their end only once the pack has ended.
    with subprocess.Popen(
        [sys.executable, "-c", _ENGINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as engine:
        assert engine.stdout is not None
        assert int(engine.stdout.readline()) > 0
        engine.kill()
        _, errors = engine.communicate(timeout=10)
    assert errors == b""
