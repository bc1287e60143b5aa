"""Prowler's own command over several accounts; run by the Python that has Prowler.

Importing Prowler takes far longer than its look at an account. So it is imported once, and each
account gets a copy of this process. stdin: JSON, a list of {"environment": …, "arguments": […]}.
"""

import importlib
import json
import os
import sys
from typing import Any

_AT_ONCE = 2


def _scan(main: Any, environment: dict[str, str], arguments: list[str]) -> None:
    os.environ.update(environment)
    sys.argv = ["prowler", *arguments]
    main()


def run_all() -> None:
    main: Any = importlib.import_module("prowler.__main__").prowler
    waiting, running, failed = json.load(sys.stdin), 0, 0
    while waiting or running:
        if waiting and running < _AT_ONCE:
            scan = waiting.pop(0)
            if os.fork() == 0:
                _scan(main, scan["environment"], scan["arguments"])
                sys.exit(0)
            running += 1
        else:
            _, status = os.wait()
            running -= 1
            failed += os.waitstatus_to_exitcode(status) != 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    run_all()
