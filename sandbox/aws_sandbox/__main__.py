"""`python -m aws_sandbox --directory DIR`: serves a sandbox until it is told to end."""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from aws_sandbox.aws.organization import Organization
from aws_sandbox.daemon import Daemon, Options


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aws_sandbox", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where its address is kept")
    parser.add_argument("--organizations", type=Path, help="the organizations, a JSON list")
    parser.add_argument("--time-scale", type=float, default=60.0, help="divides waits (60)")
    parser.add_argument("--with-parent", action="store_true", help="end with the parent process")
    parser.add_argument("--pulumi-home", type=Path, help="where the plugin is; forks it faster")
    given = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    described: list[dict[str, Any]] = (
        json.loads(given.organizations.read_text()) if given.organizations else [{}]
    )
    Daemon(
        Options(
            directory=given.directory,
            organizations=[Organization.read(content) for content in described],
            time_scale=given.time_scale,
            with_parent=given.with_parent,
            pulumi_home=given.pulumi_home,
        )
    ).run()


if __name__ == "__main__":
    main()
