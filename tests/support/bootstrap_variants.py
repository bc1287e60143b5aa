"""Example customers with what `backup-org bootstrap` is for: deploy role, units, vaults, state."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stacks.load import CUSTOMERS
from tests.support.examples import ROOT

UNIT = "ou-abcd-12345678"
ROLE = "backup-org-deploy"
ACCESS_ROLE = "arn:aws:iam::111111111111:role/provider/backup-access"
"""Of acme; each customer has one in its own management account."""


def _deployed(shared: dict[str, Any]) -> None:
    shared |= {"deploy_role": ROLE, "deploy_role_external_id": f"of-{shared['customer']}"}


def _with_state(shared: dict[str, Any]) -> None:
    name = f"{shared['customer']}-backup-state"
    management = shared["organization"]["management_account"]
    shared["access"] = {"role": ACCESS_ROLE.replace("111111111111", management)}
    shared["state"] = {
        "backend": f"s3://{name}/stacks?region=eu-west-1",
        "secrets_provider": f"awskms://alias/{name}-secrets?region=eu-west-1",
    }


def acme(shared: dict[str, Any]) -> None:
    """Members whose stacks have vaults of their own beside that of bootstrap; path and boundary."""
    _with_state(shared)
    _deployed(shared)
    shared["iam"] = {"role_path": "/backup/", "permissions_boundary": "limits"}
    shared["bootstrap"] = {"units": [UNIT], "vaults": {"baseline": {}}}


def globex(shared: dict[str, Any]) -> None:
    """One account alone."""
    _deployed(shared)


def hooli(shared: dict[str, Any]) -> None:
    """Backup policies, whose locked vault is now all accounts' alike."""
    _with_state(shared)
    _deployed(shared)
    shared["bootstrap"] = {
        "units": [UNIT],
        "regions": ["eu-central-1", "eu-west-1"],
        "vaults": shared["member_defaults"].pop("vaults"),
    }


def initech(shared: dict[str, Any]) -> None:
    """The published names; vaults under AWS's key."""
    _deployed(shared)
    shared["bootstrap"] = {"units": ["r-abcd"], "vaults": {"baseline": {"key": "aws_managed"}}}


CUSTOMERS_WITH_BOOTSTRAP: Mapping[str, Callable[[dict[str, Any]], None]] = {
    each.__name__: each for each in (acme, globex, hooli, initech)
}


def project(folder: Path, *also: Callable[[dict[str, Any]], None]) -> Path:
    """All example customers so, in a project of its own; `also` changes hooli's file further."""
    shutil.copytree(ROOT / CUSTOMERS, folder / CUSTOMERS)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    for customer, change in CUSTOMERS_WITH_BOOTSTRAP.items():
        path = folder / CUSTOMERS / f"{customer}.yaml"
        shared = yaml.safe_load(path.read_text())
        change(shared)
        for further in also if customer == "hooli" else ():
            further(shared)
        path.write_text(yaml.safe_dump(shared, sort_keys=False))
    return folder
