"""CloudFormation templates of `backup-org bootstrap`: as AWS takes them, and what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from cfnlint.api import (  # pyright: ignore[reportMissingTypeStubs]  # it is typed
    ManualArgs,
    lint,
)

from fleet.bootstrap.commands import Bootstrap, plan
from fleet.bootstrap.template import DIRECT
from fleet.errors import ToldError
from stacks import load
from stacks.load import SettingsError
from tests.support.bootstrap_variants import (
    ACCESS_ROLE,
    CUSTOMERS_WITH_BOOTSTRAP,
    ROLE,
    UNIT,
    project,
)
from tests.support.examples import ROOT

ALIAS = "AWS::KMS::Alias"
WRITTEN = {
    "acme": ["state", "deploy-role-audit", "deploy-role-member", "baseline"],
    "globex": ["deploy-role-management"],
    "hooli": ["state", "deploy-role-audit", "deploy-role-member", "baseline"],
    "initech": ["deploy-role-member", "baseline"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Bootstrap]:
    root = project(tmp_path_factory.mktemp("bootstrap"))
    return {customer: plan(customer, root, ["all"]) for customer in CUSTOMERS_WITH_BOOTSTRAP}


def resources(made: Bootstrap, template: str) -> Mapping[str, Mapping[str, Any]]:
    (text,) = (each.text for each in made.templates if each.name == template)
    return yaml.safe_load(text)["Resources"]


def properties(made: Bootstrap, template: str, type_: str) -> list[Mapping[str, Any]]:
    found = resources(made, template).values()
    return [each["Properties"] for each in found if each["Type"] == type_]


def texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for each in cast(Mapping[str, object], value).values():
                yield from texts(each)
        case list():
            for each in cast(list[object], value):
                yield from texts(each)
        case _:
            pass


@pytest.mark.parametrize("customer", CUSTOMERS_WITH_BOOTSTRAP)
def test_cloudformation_takes_every_template(made: Mapping[str, Bootstrap], customer: str) -> None:
    assert [template.name for template in made[customer].templates] == WRITTEN[customer]
    for template in made[customer].templates:
        assert lint(template.text, config=ManualArgs(regions=["eu-central-1"])) == []
        assert len(template.text.encode()) < DIRECT


def test_templates_are_the_same_in_every_process(
    made: Mapping[str, Bootstrap], tmp_path: Path
) -> None:
    root = project(tmp_path)
    program = "from fleet.cli import main; main()"
    command = [sys.executable, "-c", program, "bootstrap", "hooli", "--with", "all"]
    environment = {**os.environ, "PYTHONHASHSEED": "1", "BACKUP_ORG_PROJECT": str(root)}
    subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
    for template in made["hooli"].templates:
        written = root / "build" / "bootstrap" / "hooli" / f"{template.name}.yaml"
        assert written.read_text() == template.text


def test_the_deploy_role_trusts_the_access_role_that_knows_the_external_id(
    made: Mapping[str, Bootstrap],
) -> None:
    (role,) = properties(made["acme"], "deploy-role-member", "AWS::IAM::Role")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert role["RoleName"] == ROLE
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": ACCESS_ROLE},
        "StringEquals": {"sts:ExternalId": "of-acme"},
    }


def test_without_an_access_role_it_trusts_the_management_account(
    made: Mapping[str, Bootstrap],
) -> None:
    (role,) = properties(made["initech"], "deploy-role-member", "AWS::IAM::Role")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::555555555555:root"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "of-initech"}}


def test_every_role_is_bounded_and_those_of_stacks_stand_under_the_path(
    made: Mapping[str, Bootstrap],
) -> None:
    bound = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/limits"}
    for template in ("deploy-role-audit", "deploy-role-member", "baseline"):
        roles = properties(made["acme"], template, "AWS::IAM::Role")
        assert {yaml.dump(role["PermissionsBoundary"]) for role in roles} == {yaml.dump(bound)}
    paths = {role["Path"] for role in properties(made["acme"], "baseline", "AWS::IAM::Role")}
    assert paths == {"/backup/"}


def test_what_holds_data_stays_when_its_stack_goes(made: Mapping[str, Bootstrap]) -> None:
    kept = {"AWS::Backup::BackupVault", "AWS::KMS::Key", "AWS::S3::Bucket"}
    found = [
        resource
        for template in ("baseline", "state")
        for resource in resources(made["hooli"], template).values()
        if resource["Type"] in kept
    ]
    assert {resource["Type"] for resource in found} == kept
    for resource in found:
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_vault_has_the_lock_the_guard_and_what_copies_and_recoveries_ask_for(
    made: Mapping[str, Bootstrap],
) -> None:
    (vault,) = properties(made["hooli"], "baseline", "AWS::Backup::BackupVault")
    assert vault["LockConfiguration"] == {
        "MinRetentionDays": 7,
        "MaxRetentionDays": 3650,
        "ChangeableForDays": 14,
    }
    policy = {each["Sid"]: each for each in vault["AccessPolicy"]["Statement"]}
    assert policy["OneAccountCopiesInto"]["Principal"] == {"AWS": "arn:aws:iam::999999999999:root"}
    writers = [*texts(policy["NobodyPutsAnotherPolicy"]["Condition"])]
    assert "arn:aws:iam::${AWS::AccountId}:role/stacksets-exec-*" in writers
    (key,) = properties(made["hooli"], "baseline", "AWS::KMS::Key")
    used = {each["Sid"]: each for each in key["KeyPolicy"]["Statement"]}
    copies = used["CopiesMayUseTheKey"]["Condition"]
    assert copies == {"StringEquals": {"aws:PrincipalAccount": ["999999999999"]}}


def test_a_vault_under_the_key_of_aws_has_no_key_of_its_own(
    made: Mapping[str, Bootstrap],
) -> None:
    assert properties(made["initech"], "baseline", "AWS::KMS::Key") == []
    (vault,) = properties(made["initech"], "baseline", "AWS::Backup::BackupVault")
    assert "EncryptionKeyArn" not in vault


def test_the_stack_set_reaches_the_units_and_no_account_that_has_its_own(
    made: Mapping[str, Bootstrap],
) -> None:
    lines = [*made["acme"].lines(Path("templates"))]
    (created,) = (line for line in lines if "create-stack-set" in line and "baseline" in line)
    assert "--permission-model SERVICE_MANAGED" in created
    assert "--auto-deployment Enabled=true,RetainStacksOnAccountRemoval=true" in created
    assert "--template-body file://templates/baseline.yaml" in created
    (instances,) = (line for line in lines if "-instances" in line and "baseline" in line)
    others = "Accounts=111111111111,222222222222,AccountFilterType=DIFFERENCE"
    assert f"OrganizationalUnitIds={UNIT},{others} " in instances
    assert "--regions eu-central-1 " in instances


def test_nobody_but_the_access_role_reads_the_state(made: Mapping[str, Bootstrap]) -> None:
    (policy,) = properties(made["acme"], "state", "AWS::S3::BucketPolicy")
    statements = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
    refused = statements["NobodyElse"]
    assert refused["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": ACCESS_ROLE}}
    assert {"s3:GetObject", "s3:PutObject", "s3:GetObjectVersion"} <= {*refused["Action"]}
    aliases = properties(made["acme"], "state", ALIAS)
    assert [alias["AliasName"] for alias in aliases] == [
        "alias/acme-backup-state",
        "alias/acme-backup-state-secrets",
    ]


@pytest.mark.parametrize(
    ("secrets", "stacks"),
    [
        (
            "alias/hooli-secrets?region=eu-central-1",
            {
                "hooli-backup-state": ("eu-west-1", ["alias/hooli-backup-state"]),
                "hooli-backup-state-secrets": ("eu-central-1", ["alias/hooli-secrets"]),
            },
        ),
        (
            "/alias/hooli-secrets?region=eu-west-1",
            {
                "hooli-backup-state": (
                    "eu-west-1",
                    ["alias/hooli-backup-state", "alias/hooli-secrets"],
                )
            },
        ),
        (
            "alias/hooli-backup-state?region=eu-west-1",
            {"hooli-backup-state": ("eu-west-1", ["alias/hooli-backup-state"])},
        ),
    ],
    ids=["in another Region", "written as in an address", "the bucket's own"],
)
def test_a_key_is_made_where_its_address_has_it_and_once(
    tmp_path: Path, secrets: str, stacks: Mapping[str, tuple[str, list[str]]]
) -> None:
    def changed(shared: dict[str, Any]) -> None:
        shared["state"]["secrets_provider"] = f"awskms://{secrets}"

    made = plan("hooli", project(tmp_path, changed), [])
    assert {
        each.stack: (
            each.region,
            [alias["AliasName"] for alias in properties(made, each.template.name, ALIAS)],
        )
        for each in made.stacks
        if each.template.name.startswith("state")
    } == stacks


def test_the_access_role_may_bring_an_older_state_back(made: Mapping[str, Bootstrap]) -> None:
    (policy,) = properties(made["acme"], "state", "AWS::S3::BucketPolicy")
    statements = policy["PolicyDocument"]["Statement"]
    allowed = {
        action for each in statements if each["Effect"] == "Allow" for action in each["Action"]
    }
    assert {"s3:ListBucketVersions", "s3:GetObjectVersion", "s3:PutObject"} <= allowed
    assert "s3:DeleteObjectVersion" not in allowed


def acme_with(folder: Path, **bootstrap: Any) -> Path:
    root = project(folder)
    path = root / load.CUSTOMERS / "acme.yaml"
    shared = yaml.safe_load(path.read_text())
    shared["bootstrap"] |= bootstrap
    path.write_text(yaml.safe_dump(shared))
    return root


@pytest.mark.parametrize("regions", [["eu-west-1"], ["eu-west-1", "eu-central-1"]])
def test_the_backup_role_is_made_in_one_region_whichever_there_are(
    tmp_path: Path, regions: list[str]
) -> None:
    made = plan("acme", acme_with(tmp_path, regions=regions), [])
    (text,) = (each.text for each in made.templates if each.name == "baseline")
    template = yaml.safe_load(text)
    condition = template["Conditions"][template["Resources"]["BackupRole"]["Condition"]]
    assert condition == {"Fn::Equals": [{"Ref": "AWS::Region"}, regions[-1]]}


def test_no_vault_is_lost_to_another_whose_name_is_alike(tmp_path: Path) -> None:
    root = acme_with(tmp_path, vaults={"a-b": {}, "a_b": {}})
    with pytest.raises(ToldError, match=r"bootstrap\.vaults: a-b, a_b would be one to CloudForm"):
        plan("acme", root, [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"deploy_role": "hooli-backup-deploy"}, "begins as the roles do that it may change"),
        ({"bootstrap": None, "deploy_role": None, "state": {}}, "there is nothing to make"),
    ],
)
def test_what_cannot_be_is_told_with_the_cure(
    tmp_path: Path, change: Mapping[str, Any], told: str
) -> None:
    def changed(shared: dict[str, Any]) -> None:
        if "bootstrap" in change:
            shared["member_defaults"]["vaults"] = shared["bootstrap"]["vaults"]
        shared |= change

    root = project(tmp_path, changed)
    with pytest.raises(ToldError, match=told):
        plan("hooli", root, [])


def test_an_unknown_command_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ToldError, match="--with deploy: write all, or one of prepare, doctor"):
        plan("hooli", project(tmp_path), ["deploy"])


def test_a_member_has_the_vaults_of_bootstrap_without_writing_them(tmp_path: Path) -> None:
    settings = load.from_files("hooli-member-trading", project(tmp_path))
    assert settings.bootstrapped_regions == ("eu-central-1", "eu-west-1")
    lock = settings.vaults["standard"].lock
    assert lock is not None
    assert lock.mode == "compliance"


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (
            {"vaults": {"standard": {"force_destroy": True}}},
            "members.trading.vaults.standard: is made by bootstrap, in all accounts alike",
        ),
        (
            {"monitoring": {"malware": True}},
            "members.trading.monitoring.malware: is alike in all accounts",
        ),
        (
            {"bootstrap": {"units": [UNIT]}},
            "members.trading.bootstrap: is alike in all accounts: write it in the customer's file",
        ),
    ],
)
def test_a_member_cannot_have_otherwise_what_bootstrap_makes(
    tmp_path: Path, own: Mapping[str, Any], told: str
) -> None:
    def changed(shared: dict[str, Any]) -> None:
        shared["members"]["trading"] |= own

    with pytest.raises(SettingsError, match=told):
        load.from_files("hooli-member-trading", project(tmp_path, changed))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vaults": {"other": {}}}, "fills the vault standard, but bootstrap.vaults has other"),
        ({"regions": ["eu-west-1"]}, "is for eu-central-1 too; add to bootstrap.regions"),
    ],
)
def test_policies_find_their_vaults_in_every_new_account(
    tmp_path: Path, change: Mapping[str, Any], told: str
) -> None:
    def changed(shared: dict[str, Any]) -> None:
        shared["bootstrap"] |= change

    with pytest.raises(SettingsError, match=told):
        load.from_files("hooli-audit", project(tmp_path, changed))


def test_a_stack_that_makes_its_own_is_passed_over(tmp_path: Path) -> None:
    def changed(shared: dict[str, Any]) -> None:
        shared["members"]["older"] = {"account": "121212121212", "bootstrap": None}

    root = project(tmp_path, changed)
    settings = load.from_files("hooli-member-older", root)
    assert "standard" in settings.vaults
    assert settings.bootstrapped_regions == ()
    baseline, role = (
        next(each.passed_over for each in plan("hooli", root, []).stack_sets if name in each.name)
        for name in ("baseline", "deploy-role")
    )
    assert "121212121212" in baseline
    assert "121212121212" not in role
