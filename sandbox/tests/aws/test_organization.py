import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest

from aws_sandbox.aws.organization import SECRET_ACCESS_KEY, Account, Organization, Unit

MANAGEMENT, AUDIT, OWN = "111111111111", "222222222222", "777777777777"
UNIT = "ou-exam-77777777"


@pytest.fixture(scope="module")
def organizations(aws: Any) -> Any:
    return aws.client("organizations", MANAGEMENT)


def test_the_organization_is_as_it_was_described(organizations: Any) -> None:
    organization = organizations.describe_organization()["Organization"]
    assert (organization["Id"], organization["MasterAccountId"]) == ("o-exampleorg1", MANAGEMENT)
    assert organizations.list_roots()["Roots"][0]["Id"] == "r-exam"
    accounts = {account["Id"]: account for account in organizations.list_accounts()["Accounts"]}
    assert accounts[OWN]["Name"] == "in-a-unit"
    assert accounts[OWN]["Arn"].endswith(f"account/o-exampleorg1/{OWN}")
    units = organizations.list_organizational_units_for_parent(ParentId="r-exam")
    assert UNIT in {unit["Id"] for unit in units["OrganizationalUnits"]}
    inside = organizations.list_accounts_for_parent(ParentId=UNIT)["Accounts"]
    assert [account["Id"] for account in inside] == [OWN]
    trusted = organizations.list_aws_service_access_for_organization()
    services = {entry["ServicePrincipal"] for entry in trusted["EnabledServicePrincipals"]}
    assert "backup.amazonaws.com" in services


def test_a_delegated_administrator_reads_what_another_member_may_not(
    aws: Any, organizations: Any, refusal: Any
) -> None:
    delegated = organizations.list_delegated_administrators()["DelegatedAdministrators"]
    assert AUDIT in {account["Id"] for account in delegated}
    auditor, member = aws.client("organizations", AUDIT), aws.client("organizations", OWN)
    assert len(auditor.list_accounts()["Accounts"]) >= 4
    assert member.describe_organization()["Organization"]["Id"] == "o-exampleorg1"
    assert refusal(member.list_accounts)[0] == "AccessDeniedException"
    assert refusal(lambda: auditor.create_account(Email="a@b.cc", AccountName="x"))[0] == (
        "AccessDeniedException"
    )


def test_an_account_is_registered_and_deregistered_for_aws_backup(organizations: Any) -> None:
    both = {"AccountId": OWN, "ServicePrincipal": "backup.amazonaws.com"}
    organizations.register_delegated_administrator(**both)
    services = organizations.list_delegated_services_for_account(AccountId=OWN)
    assert [entry["ServicePrincipal"] for entry in services["DelegatedServices"]] == [
        "backup.amazonaws.com"
    ]
    organizations.deregister_delegated_administrator(**both)


def test_a_backup_policy_needs_its_type_enabled_and_fits_its_size(
    aws: Any, organizations: Any, refusal: Any
) -> None:
    content = json.dumps({"plans": {}})
    policy = {"Name": aws.name("policy"), "Description": "", "Type": "BACKUP_POLICY"}
    created = organizations.create_policy(Content=content, **policy)["Policy"]["PolicySummary"]
    assert created["Type"] == "BACKUP_POLICY"
    assert "/backup_policy/" in created["Arn"]
    if {"Type": "BACKUP_POLICY", "Status": "ENABLED"} in organizations.list_roots()["Roots"][0][
        "PolicyTypes"
    ]:
        organizations.disable_policy_type(RootId="r-exam", PolicyType="BACKUP_POLICY")
    attach = {"PolicyId": created["Id"], "TargetId": UNIT}
    assert refusal(lambda: organizations.attach_policy(**attach))[0] == (
        "PolicyTypeNotEnabledException"
    )
    organizations.enable_policy_type(RootId="r-exam", PolicyType="BACKUP_POLICY")
    organizations.attach_policy(**attach)
    found = organizations.list_policies_for_target(TargetId=UNIT, Filter="BACKUP_POLICY")
    assert [entry["Id"] for entry in found["Policies"]] == [created["Id"]]
    assert organizations.describe_policy(PolicyId=created["Id"])["Policy"]["Content"] == content
    large = {"PolicyId": created["Id"], "Content": "x" * 10_001}
    assert refusal(lambda: organizations.update_policy(**large))[0] == (
        "ConstraintViolationException"
    )
    organizations.detach_policy(**attach)
    organizations.delete_policy(PolicyId=created["Id"])
    organizations.disable_policy_type(RootId="r-exam", PolicyType="BACKUP_POLICY")


def test_a_new_account_can_be_administered(aws: Any, organizations: Any) -> None:
    status = organizations.create_account(Email="new@example.com", AccountName="new")
    account = status["CreateAccountStatus"]["AccountId"]
    identity = aws.client("sts", account).get_caller_identity()
    assert identity["Account"] == account
    aws.client("backup", account).list_backup_vaults()


GLOBEX: Mapping[str, Any] = {
    "id": "o-globexglobex",
    "root_id": "r-glob",
    "management_account": "555555555555",
    "accounts": [
        {"id": "555555555555", "name": "globex"},
        {"id": "666666666666", "name": "one", "parent": "ou-glob-22222222"},
    ],
    "units": [{"id": "ou-glob-22222222", "name": "workloads"}],
    "backup_administrators": ["666666666666"],
}


def test_an_organization_is_read_from_json() -> None:
    assert Organization.read(json.loads(json.dumps(asdict(Organization())))).ids == (
        Organization().ids
    )
    read = Organization.read(GLOBEX)
    assert read.accounts[1] == Account(id="666666666666", name="one", parent="ou-glob-22222222")
    assert read.units == [Unit(id="ou-glob-22222222", name="workloads")]
    assert read.role_arn("666666666666").endswith("role/OrganizationAccountAccessRole")


def test_organizations_of_one_sandbox_do_not_see_each_other(
    aws: Any, organizations: Any, refusal: Any
) -> None:
    globex = Organization.read(GLOBEX)
    aws.server.create_organization(globex)
    theirs = aws.client("organizations", globex.management_account)
    assert {account["Id"] for account in theirs.list_accounts()["Accounts"]} == {
        "555555555555",
        "666666666666",
    }
    ours = {account["Id"] for account in organizations.list_accounts()["Accounts"]}
    assert ours.isdisjoint(globex.ids)
    member = aws.client("organizations", "666666666666")
    assert member.describe_organization()["Organization"]["Id"] == globex.id
    assert len(member.list_accounts()["Accounts"]) == 2
    administrator = aws.with_credentials(
        {
            "AccessKeyId": globex.access_key_id,
            "SecretAccessKey": SECRET_ACCESS_KEY,
            "SessionToken": None,
        }
    ).client("sts")
    assert administrator.get_caller_identity()["Account"] == globex.management_account
    own, other = globex.role_arn("666666666666"), Organization().role_arn(AUDIT)
    administrator.assume_role(RoleArn=own, RoleSessionName="testing", DurationSeconds=43_200)
    assume = {"RoleArn": other, "RoleSessionName": "testing"}
    assert refusal(lambda: administrator.assume_role(**assume))[0] == "AccessDenied"


def test_what_is_open_to_one_organization_is_closed_to_another(aws: Any, refusal: Any) -> None:
    aws.server.create_organization(Organization.read(GLOBEX))
    sqs, name = aws.client("sqs"), aws.name("queue")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    statement = {
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": aws.policy(statement)})
    sent = {"QueueUrl": url, "MessageBody": "m"}
    aws.client("sqs", AUDIT).send_message(**sent)
    theirs = aws.client("sqs", "666666666666")
    assert refusal(lambda: theirs.send_message(**sent))[0] == "AccessDenied"


def test_an_organization_grows_and_takes_no_other_ones_accounts(aws: Any) -> None:
    aws.server.create_organization(Organization.read(GLOBEX))
    grown = [*GLOBEX["accounts"], {"id": "999999999999", "name": "two"}]
    aws.server.create_organization(Organization.read({**GLOBEX, "accounts": grown}))
    theirs = aws.client("organizations", "555555555555")
    assert "999999999999" in {account["Id"] for account in theirs.list_accounts()["Accounts"]}
    taken = [*grown, {"id": AUDIT, "name": "audit"}]
    with pytest.raises(ValueError, match=f"{AUDIT} of o-globexglobex is o-exampleorg1's"):
        aws.server.create_organization(Organization.read({**GLOBEX, "accounts": taken}))
    moved = {**GLOBEX, "management_account": "666666666666"}
    with pytest.raises(ValueError, match="o-globexglobex of o-globexglobex"):
        aws.server.create_organization(Organization.read(moved))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "exampleorg"}, "'exampleorg' is no organization id"),
        ({"root_id": "root"}, "no root id"),
        ({"accounts": [{"id": "1", "name": "x"}]}, "'1' is no account id"),
        ({"accounts": []}, "111111111111 is none of its accounts"),
        ({"units": [{"id": "ou-x", "name": "x"}]}, "no OU id"),
        ({"units": [{"id": "ou-exam-22222222", "name": "x", "parent": "up"}]}, "no unit"),
        ({"accounts": [{"id": MANAGEMENT, "name": "a"}] * 2}, "is there twice"),
        ({"backup_administrators": ["999999999999"]}, "999999999999 is none"),
        ({"colour": "red"}, "organization has no colour"),
        ({"accounts": [{"id": MANAGEMENT, "name": "a", "size": 1}]}, "account has no size"),
    ],
)
def test_an_organization_that_cannot_be_is_refused(changes: Any, says: str) -> None:
    content = {"accounts": [{"id": MANAGEMENT, "name": "management"}], **changes}
    with pytest.raises(ValueError, match=says):
        Organization.read(content)


def test_a_service_control_policy_limits_every_level_below_it(aws: Any, organizations: Any) -> None:
    own = aws.client("sqs", OWN)
    own.list_queues()
    deny = json.dumps(
        {"Statement": {"Effect": "Deny", "Action": "sqs:ListQueues", "Resource": "*"}}
    )
    created = organizations.create_policy(
        Name=aws.name("scp"), Description="", Type="SERVICE_CONTROL_POLICY", Content=deny
    )["Policy"]["PolicySummary"]
    attach = {"PolicyId": created["Id"], "TargetId": UNIT}
    code, _ = aws.error(lambda: organizations.attach_policy(**attach))
    assert code == "PolicyTypeNotEnabledException"
    enable = {"RootId": "r-exam", "PolicyType": "SERVICE_CONTROL_POLICY"}
    organizations.enable_policy_type(**enable)
    own.list_queues()
    organizations.attach_policy(**attach)
    code, message = aws.error(own.list_queues)
    assert (code, created["Name"] in message) == ("AccessDenied", True)
    aws.client("sqs").list_queues()
    organizations.detach_policy(**attach)
    own.list_queues()
    organizations.disable_policy_type(**enable)


@pytest.fixture
def guarding(aws: Any, organizations: Any) -> Any:
    """Attaches a resource control policy to the unit, for one test, and gives its name."""
    enable = {"RootId": "r-exam", "PolicyType": "RESOURCE_CONTROL_POLICY"}
    organizations.enable_policy_type(**enable)
    attached: list[Any] = []

    def guarding(**statement: Any) -> str:
        content = {"Statement": {"Effect": "Deny", "Principal": "*", "Resource": "*", **statement}}
        policy = organizations.create_policy(
            Name=aws.name("rcp"),
            Description="",
            Type="RESOURCE_CONTROL_POLICY",
            Content=json.dumps(content),
        )["Policy"]["PolicySummary"]
        attached.append({"PolicyId": policy["Id"], "TargetId": UNIT})
        organizations.attach_policy(**attached[-1])
        return policy["Name"]

    yield guarding
    for attachment in attached:
        organizations.detach_policy(**attachment)
    organizations.disable_policy_type(**enable)


def test_a_resource_control_policy_limits_the_use_of_the_accounts_resources_by_anybody(
    aws: Any, guarding: Any
) -> None:
    keys = aws.client("kms", OWN)
    tags = [{"TagKey": "managed-by", "TagValue": "tests"}]
    ours, other = (keys.create_key(Tags=given)["KeyMetadata"]["KeyId"] for given in (tags, []))
    condition = {"StringEquals": {"aws:ResourceTag/managed-by": "tests"}}
    name = guarding(Action="kms:DescribeKey", Condition=condition)
    code, message = aws.error(lambda: keys.describe_key(KeyId=ours))
    assert (code, name in message) == ("AccessDeniedException", True)
    keys.describe_key(KeyId=other)
    theirs = aws.client("kms").create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    aws.client("kms").describe_key(KeyId=theirs)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Effect": "Allow"}, "allows something"),
        ({"Principal": {"AWS": OWN}}, "has another Principal than *"),
        ({"Action": "sqs:*"}, "has other actions than those of kms and s3"),
        ({"Action": "kms:*", "Sid": "x" * 5120}, "exceeded the allowed size"),
    ],
)
def test_a_resource_control_policy_that_aws_or_nothing_here_would_ask_is_refused(
    aws: Any, guarding: Any, change: Any, says: str
) -> None:
    _, message = aws.error(lambda: guarding(**{"Action": "s3:*", **change}))
    assert says in message


def test_where_the_organization_limits_an_account_its_administrator_is_asked_about_every_call(
    aws: Any, organizations: Any
) -> None:
    keys = aws.client("kms", OWN)
    key = keys.create_key()["KeyMetadata"]["KeyId"]
    deny = {"Statement": {"Effect": "Deny", "Action": "kms:DisableKey", "Resource": "*"}}
    policy = organizations.create_policy(
        Name=aws.name("scp"),
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps(deny),
    )["Policy"]["PolicySummary"]
    enable = {"RootId": "r-exam", "PolicyType": "SERVICE_CONTROL_POLICY"}
    organizations.enable_policy_type(**enable)
    attach = {"PolicyId": policy["Id"], "TargetId": OWN}
    organizations.attach_policy(**attach)
    code, message = aws.error(lambda: keys.disable_key(KeyId=key))
    assert (code, policy["Name"] in message) == ("AccessDeniedException", True)
    keys.enable_key(KeyId=key)
    organizations.detach_policy(**attach)
    keys.disable_key(KeyId=key)
    organizations.disable_policy_type(**enable)
