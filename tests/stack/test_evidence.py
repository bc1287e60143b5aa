"""The key that signs evidence, and the bucket of records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks import load
from stacks.load import CUSTOMERS, KEY
from tests.support.examples import ROOT, recordings
from tests.support.recorder import Recording


def statements(policy: str) -> dict[str, Any]:
    return {s["Sid"]: s for s in json.loads(policy)["Statement"]}


def deletions_refused(recording: Recording) -> list[str]:
    policies = [
        statements(policy.inputs["policy"])
        for policy in recording.all("aws:s3/bucketPolicy:BucketPolicy")
        if "-backup-proof-" in policy.inputs["bucket"]
    ]
    assert len(policies) == 1
    return policies[0].get("RecordsStay", {}).get("Action", [])


@pytest.mark.parametrize(
    "stack", ["acme-audit", "initech-management", "globex-management", "hooli-audit"]
)
def test_one_central_stack_of_each_customer_has_a_key_that_signs(stack: str) -> None:
    recording = recordings()[stack]
    keys = [key for key in recording.all("aws:kms/key:Key") if "keyUsage" in key.inputs]
    assert [(k.inputs["keyUsage"], k.inputs["customerMasterKeySpec"]) for k in keys] == [
        ("SIGN_VERIFY", "ECC_NIST_P384")
    ]
    assert keys[0].inputs["deletionWindowInDays"] == 30
    assert "enableKeyRotation" not in keys[0].inputs
    assert recording.exports["evidence_key_arn"] == keys[0].state["arn"]
    customer = stack.partition("-")[0]
    assert recording.exports["evidence_bucket"].startswith(f"{customer}-backup-proof-")


def test_the_deploy_role_alone_signs() -> None:
    key = next(
        k for k in recordings()["acme-audit"].all("aws:kms/key:Key") if "keyUsage" in k.inputs
    )
    said = statements(key.inputs["policy"])
    signing = [sid for sid, s in said.items() if {"kms:Sign", "kms:*"} & set(s["Action"])]
    assert signing == ["EvidenceIsSigned"]
    assert said["EvidenceIsSigned"]["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"
        }
    }


def test_key_and_records_stay_unless_settings_let_them_go() -> None:
    hooli, acme = recordings()["hooli-audit"], recordings()["acme-audit"]
    retained = {
        stack: [
            k.retain_on_delete for k in recording.all("aws:kms/key:Key") if "evidence" in k.name
        ]
        for stack, recording in (("hooli", hooli), ("acme", acme))
    }
    assert retained == {"hooli": [True, True], "acme": [False, False]}
    assert deletions_refused(hooli) == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert deletions_refused(acme) == []


def test_evidence_in_two_stacks_of_a_customer_is_refused(tmp_path: Path) -> None:
    (tmp_path / CUSTOMERS).mkdir(parents=True)
    for name in ("acme", "Pulumi.acme-audit", "Pulumi.acme-management"):
        text = (ROOT / CUSTOMERS / f"{name}.yaml").read_text()
        (tmp_path / CUSTOMERS / f"{name}.yaml").write_text(text)
    path = tmp_path / CUSTOMERS / "Pulumi.acme-management.yaml"
    content = yaml.safe_load(path.read_text())
    content["config"][KEY]["evidence"] = {}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(
        load.SettingsError, match=r"evidence: is set in the stacks audit and management of acme"
    ):
        load.from_files("acme-management", tmp_path)
