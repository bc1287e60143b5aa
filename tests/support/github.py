"""What `gh api` of GitHub's CLI does for the workflows: comments and issues, kept in a file.

Run as `gh`; it refuses whatever the workflows do not ask, and asks jq what they ask it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

_LONGEST = 65_536
_PLACES = re.compile(
    r"repos/(?P<repo>[\w-]+/[\w-]+)/issues"
    r"(?:/(?P<issue>\d+)/comments|/comments/(?P<comment>\d+)|/(?P<number>\d+))?(?:\?state=open)?"
)


def main() -> int:
    parser = argparse.ArgumentParser("gh")
    parser.add_argument("command", choices=["api"])
    parser.add_argument("--paginate", "--silent", action="store_true")
    parser.add_argument("--method", choices=["POST", "PATCH"], default="GET")
    parser.add_argument("place")
    parser.add_argument("--jq")
    parser.add_argument("--field", action="append", default=[])
    asked = parser.parse_args()
    place = _PLACES.fullmatch(asked.place)
    if place is None or not os.environ["GH_TOKEN"]:
        sys.exit(f"gh: HTTP 404: {asked.place}")
    store = Path(os.environ["GITHUB_STAND_IN"])
    things: list[dict[str, Any]] = json.loads(store.read_text(encoding="utf-8"))
    if asked.method == "GET":
        listed = [t for t in things if t.get("state", "open") == "open"]
        command = ["jq", "--raw-output", asked.jq]
        return subprocess.run(command, input=json.dumps(listed), text=True, check=False).returncode
    fields = dict(_field(each) for each in asked.field)
    if len(fields.get("body", "")) > _LONGEST:
        sys.exit("gh: Validation Failed: body is too long (HTTP 422)")
    if asked.method == "POST":
        number = len(things) + 1
        user = {"type": "Bot", "login": "github-actions[bot]"}
        things.append({"id": number, "number": number, "user": user, "state": "open", **fields})
    else:
        number = int(place["comment"] or place["number"])
        next(t for t in things if t["id"] == number).update(fields)
    store.write_text(json.dumps(things), encoding="utf-8")
    return 0


def _field(text: str) -> tuple[str, str]:
    """`name=value`; `@` reads a file, as gh has it."""
    name, _, value = text.partition("=")
    return name, Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value


if __name__ == "__main__":
    sys.exit(main())
