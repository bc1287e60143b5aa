"""A member without a file of its own: its row in the customer's table is all that there is."""

from __future__ import annotations

import yaml

from fleet.deploy.deployment import Deployment
from fleet.sandbox.stage import Stage
from stacks import load
from stacks.load import CUSTOMERS, KEY

STACK = "acme-member-web"


def test_a_row_comes_up_and_the_engines_lines_in_its_file_change_nothing(stage: Stage) -> None:
    folder = stage.workspace.project / CUSTOMERS
    own_file, shared_file = folder / f"Pulumi.{STACK}.yaml", folder / "acme.yaml"
    row = dict(load.values_of(STACK, stage.workspace.project).layers[-1].values)
    own_file.unlink()
    shared = yaml.safe_load(shared_file.read_text())
    vaults = row.pop("vaults")
    del row["role"], row["name"]
    table = {"members": {"web": row}, "member_defaults": {"vaults": vaults}}
    shared_file.write_text(yaml.safe_dump({**shared, **table}))

    assert STACK in stage.stacks
    Deployment(stage.engine, "acme-audit").up()
    member = Deployment(stage.engine, STACK)
    member.up()
    assert member.outputs()["vault_arns"]["eu-central-1"].keys() == {"standard"}

    # The engine reads a stack's file, and has written there: a program that it runs finds nothing
    # of ours in its config, and the row again.
    content = yaml.safe_load(own_file.read_text())
    assert content.keys() & {"encryptionsalt", "secretsprovider"}
    assert KEY not in content.get("config", {})
    again = Deployment(stage.engine, STACK).up()
    assert again.changes.keys() == {"same"}
