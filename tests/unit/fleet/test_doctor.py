"""What the doctor looks up in a stack's account, and the cure that it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from aws_sandbox.aws.organization import (
    SECRET_ACCESS_KEY,
    Account,
    Organization,
    Unit,
)
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.events.pump import Pump
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Journal
from components.reports_bucket import (
    reports_are_decrypted,
    reports_are_delivered,
    reports_are_encrypted,
    reports_are_read,
)
from fleet.doctor.examination import examine
from sandbox.tests.moto_state import forget_everything
from stacks import load
from stacks.load import Settings
from tests.support.command import backup_org

MANAGEMENT, AUDIT, MEMBER = "111111111111", "222222222222", "333333333333"
IN_UNIT, BELOW, CLOSED = "444444444444", "555555555555", "666666666666"
UPPER, LOWER = "ou-exam-44444444", "ou-exam-55555555"
REGION = "eu-central-1"
ACME: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": MANAGEMENT, "audit_account": AUDIT},
    "region": REGION,
}
THEIRS = {"name": "theirs", "existing": True}
BUCKET, POLICY, EVENTS = "the bucket theirs", "the policy of theirs", "events of theirs"
KEY_POLICY = "the policy of its key"
THEIR_KEY_POLICY = "the policy of its key, where it has one of its own"
ARN = "arn:aws:s3:::theirs"
ROLE = "the role AWSServiceRoleForBackupReports"
TRUSTED = "trusted access of AWS Backup to the organization"
ADMINISTRATOR = "this account as delegated administrator of AWS Backup"
JOBS = "accounts in the backup_job plans"


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    """An organization with a closed account, and one unit below another."""
    forget_everything()
    server = AwsServer(
        Organization(
            accounts=(
                Account(id=MANAGEMENT, name="management"),
                Account(id=AUDIT, name="audit"),
                Account(id=MEMBER, name="member"),
                Account(id=IN_UNIT, name="in-a-unit", parent=UPPER),
                Account(id=BELOW, name="below", parent=LOWER),
                Account(id=CLOSED, name="closed", parent=UPPER),
            ),
            units=(Unit(id=UPPER, name="upper"), Unit(id=LOWER, name="lower", parent=UPPER)),
        )
    )
    server.start()
    server.session(MANAGEMENT, REGION).client("organizations").close_account(AccountId=CLOSED)
    yield server
    server.stop()


@pytest.fixture
def session(aws: AwsServer) -> boto3.Session:
    return aws.session(MANAGEMENT, REGION)


@pytest.fixture
def bucket(session: boto3.Session) -> Any:
    """A client of S3; the bucket `theirs` stands."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture
def role(session: boto3.Session) -> str:
    """The ARN of the service-linked role, which stands."""
    iam = session.client("iam")
    made = iam.create_service_linked_role(AWSServiceName="reports.backup.amazonaws.com")
    return made["Role"]["Arn"]


def written(folder: Path, role: str, **values: Any) -> Settings:
    """The settings of a stack of acme's."""
    customers = folder / load.CUSTOMERS
    customers.mkdir(parents=True, exist_ok=True)
    (customers / "acme.yaml").write_text(json.dumps(ACME))
    own = {"extends": "acme", "role": role, **values}
    file = customers / f"Pulumi.acme-{role}.yaml"
    file.write_text(json.dumps({"config": {load.KEY: own}}))
    return load.from_files(f"acme-{role}", folder)


def settings(folder: Path, **reports: Any) -> Settings:
    return written(folder, "management", reports=reports)


def examined(settings: Settings, session: boto3.Session) -> dict[str, tuple[str, str]]:
    stack = f"acme-{settings.role}"
    return {f.about: (f.found, f.cure) for f in examine(stack, settings, session)}


def policy_of(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class TestTheServiceRole:
    @pytest.mark.usefixtures("role")
    def test_that_exists_is_well(self, tmp_path: Path, session: boto3.Session) -> None:
        assert examined(settings(tmp_path, scope="account"), session)[ROLE] == ("exists", "")

    def test_that_does_not_exist_is_made_by_prepare(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = settings(tmp_path, scope="account", bucket=THEIRS)
        cure = "backup-org prepare acme-management"
        assert examined(asked, session)[ROLE] == ("does not exist", cure)


@pytest.mark.usefixtures("aws")
class TestABucketThatExists:
    wanted = reports_are_delivered("arn:aws:s3:::theirs", MANAGEMENT).render()

    @pytest.fixture
    def asked(self, tmp_path: Path) -> Settings:
        return settings(tmp_path, scope="account", bucket=THEIRS)

    @pytest.mark.usefixtures("bucket")
    def test_that_lets_nothing_through_is_told_the_statement_to_add(
        self, asked: Settings, session: boto3.Session
    ) -> None:
        found = examined(asked, session)
        assert found[BUCKET] == ("exists", "")
        assert found[POLICY] == (
            "does not let reports through",
            f"add to it: {json.dumps(self.wanted)}",
        )

    @pytest.mark.usefixtures("role")
    @pytest.mark.parametrize(
        ("other", "found"),
        [
            ({}, "lets reports through"),
            ({"Condition": {}}, "lets reports through"),
            ({"Action": "s3:PutObject", "Sid": "Another"}, "lets reports through"),
            (
                {"Condition": {"StringEquals": {"s3:x-amz-acl": "private"}}},
                "does not let reports through",
            ),
            ({"Resource": "arn:aws:s3:::theirs/one/*"}, "does not let reports through"),
            ({"Effect": "Deny"}, "does not let reports through"),
            ({"Principal": {"AWS": f"arn:aws:iam::{AUDIT}:root"}}, "does not let reports through"),
        ],
    )
    def test_has_the_statement_in_its_policy_or_one_that_allows_as_much(
        self,
        other: Mapping[str, Any],
        found: str,
        asked: Settings,
        session: boto3.Session,
        bucket: Any,
    ) -> None:
        bucket.put_bucket_policy(Bucket="theirs", Policy=policy_of({**self.wanted, **other}))
        assert examined(asked, session)[POLICY][0] == found

    @pytest.fixture
    def _events(self, aws: AwsServer, tmp_path: Path) -> Iterator[None]:
        """S3 says where a bucket's events go, which moto alone does not."""
        journal, access = Journal(), aws.services.access
        functions = Functions(
            access=access, journal=journal, cache=tmp_path / "cache", endpoint=lambda: aws.url
        )
        pump = Pump(journal=journal, functions=functions, access=access, time_scale=1)
        pump.start()
        yield
        pump.stop()

    @pytest.mark.usefixtures("_events")
    def test_does_not_tell_eventbridge_until_that_is_switched_on(
        self, asked: Settings, session: boto3.Session, bucket: Any
    ) -> None:
        found, cure = examined(asked, session)[EVENTS]
        assert found == "do not go to EventBridge"
        assert "switch on Amazon EventBridge" in cure
        bucket.put_bucket_notification_configuration(
            Bucket="theirs", NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        assert examined(asked, session)[EVENTS] == ("go to EventBridge", "")

    def test_that_does_not_is_told_once(self, asked: Settings, session: boto3.Session) -> None:
        found = examined(asked, session)
        assert found.keys() == {ROLE, BUCKET}
        assert found[BUCKET][0] == "does not exist"
        assert "reports.bucket.existing" in found[BUCKET][1]

    def test_of_another_account_is_told_where_to_write_that(
        self, aws: AwsServer, asked: Settings, session: boto3.Session
    ) -> None:
        aws.session(AUDIT, REGION).client("s3").create_bucket(
            Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        found = examined(asked, session)
        assert found.keys() == {ROLE, BUCKET}
        assert found[BUCKET][0].startswith(f"is not {MANAGEMENT}'s")
        assert "reports.bucket.account" in found[BUCKET][1]

    def test_of_another_account_is_told_what_it_must_see_to(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        theirs = {**THEIRS, "account": AUDIT}
        asked = settings(tmp_path, scope="account", bucket=theirs)
        found = {f.about: f for f in examine("acme-management", asked, session)}
        assert found.keys() == {ROLE, BUCKET, POLICY, THEIR_KEY_POLICY}
        for about in (BUCKET, POLICY, THEIR_KEY_POLICY):
            assert found[about].found == f"not looked at: it is {AUDIT}'s"
            assert found[about].cure == ""
        reason, events = found[BUCKET].needs
        assert f"only buckets of the report plan's own account, {MANAGEMENT}" in reason
        assert "a rule there must forward them to this account's default bus" in events
        for about, wanted in (
            (POLICY, (reports_are_delivered(ARN, MANAGEMENT), reports_are_read(ARN, MANAGEMENT))),
            (
                THEIR_KEY_POLICY,
                (reports_are_encrypted(MANAGEMENT), reports_are_decrypted(MANAGEMENT)),
            ),
        ):
            assert found[about].needs == [
                f"{AUDIT} must have in it: {json.dumps(each.render())}" for each in wanted
            ]

    @pytest.mark.usefixtures("bucket")
    def test_with_another_accounts_key_is_told_what_that_must_have(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        theirs = {**THEIRS, "key_arn": f"arn:aws:kms:{REGION}:{AUDIT}:key/theirs"}
        asked = settings(tmp_path, scope="account", bucket=theirs)
        found = {f.about: f for f in examine("acme-management", asked, session)}
        assert [
            json.loads(need[need.index("{") :])["Sid"] for need in found[THEIR_KEY_POLICY].needs
        ] == [
            "ReportsAreEncrypted",
            "LakeDecryptsReports",
        ]


@pytest.mark.usefixtures("bucket", "role")
class TestTheKeyOfABucketThatExists:
    own: Mapping[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }

    def test_is_the_one_that_settings_name(
        self, tmp_path: Path, session: boto3.Session, bucket: Any
    ) -> None:
        kms: Any = session.client("kms")
        theirs, other = (kms.create_key()["KeyMetadata"] for _ in range(2))
        kms.create_alias(AliasName="alias/theirs", TargetKeyId=theirs["KeyId"])

        def encryption(**more: str) -> tuple[str, str]:
            asked = settings(tmp_path, scope="account", bucket={**THEIRS, **more})
            return examined(asked, session)["encryption of theirs"]

        assert encryption() == ("is by a key that S3 manages", "")
        for spelt in (theirs["Arn"], theirs["KeyId"], "alias/theirs"):
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": spelt}
            bucket.put_bucket_encryption(
                Bucket="theirs",
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
                },
            )
            cure = f"set reports.bucket.key_arn: {theirs['Arn']}"
            for wrong in ({}, {"key_arn": other["Arn"]}):
                assert encryption(**wrong)[1] == cure
            assert encryption(key_arn=theirs["Arn"]) == (f"is by {theirs['Arn']}", "")

    def found(self, arn: str, tmp_path: Path, session: boto3.Session) -> tuple[str, str]:
        theirs = {**THEIRS, "key_arn": arn}
        return examined(settings(tmp_path, scope="account", bucket=theirs), session)[KEY_POLICY]

    def key(self, session: boto3.Session, *statements: Mapping[str, Any]) -> str:
        made = session.client("kms").create_key(Policy=policy_of(self.own, *statements))
        return made["KeyMetadata"].get("Arn", "")

    def test_is_told_the_statement_that_its_policy_lacks(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        wanted = reports_are_encrypted(MANAGEMENT).render()
        assert self.found(self.key(session), tmp_path, session) == (
            "does not let reports through",
            f"add to it: {json.dumps(wanted)}",
        )
        key = self.key(session, wanted)
        assert self.found(key, tmp_path, session) == ("lets reports through", "")

    def test_that_does_not_exist_is_told(self, tmp_path: Path, session: boto3.Session) -> None:
        arn = f"arn:aws:kms:{REGION}:{MANAGEMENT}:key/11111111-1111-1111-1111-111111111111"
        found, cure = self.found(arn, tmp_path, session)
        assert found == "does not exist"
        assert "reports.bucket.key_arn" in cure


class TestTheSecret:
    def test_that_does_not_exist_is_told_how_to_make(self, aws: AwsServer, tmp_path: Path) -> None:
        ticketing = {"url": "https://acme.service-now.com", "secret": "acme/servicenow"}
        asked = written(tmp_path, "audit", ticketing=ticketing)
        session = aws.session(AUDIT, REGION)
        found, cure = examined(asked, session)["the secret acme/servicenow"]
        assert found == "does not exist"
        assert cure.startswith("aws secretsmanager create-secret --name acme/servicenow ")
        session.client("secretsmanager").create_secret(Name="acme/servicenow", SecretString="{}")
        assert examined(asked, session) == {"the secret acme/servicenow": ("exists", "")}


class TestTheOrganization:
    def test_that_does_not_trust_aws_backup_is_told_where_to_switch_that_on(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = settings(tmp_path)
        assert examined(asked, session)[TRUSTED] == ("is on", "")
        session.client("organizations").disable_aws_service_access(
            ServicePrincipal="backup.amazonaws.com"
        )
        found, cure = examined(asked, session)[TRUSTED]
        assert found == "is off"
        assert "cross-account monitoring" in cure

    def test_may_trust_more_services_than_one_page_has(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        empty: Sequence[Any] = []
        pages: Mapping[str | None, Mapping[str, Any]] = {
            None: {"EnabledServicePrincipals": empty, "NextToken": "second"},
            "second": {"EnabledServicePrincipals": [{"ServicePrincipal": "backup.amazonaws.com"}]},
        }
        answer_with(
            session,
            "organizations.ListAWSServiceAccessForOrganization",
            lambda asked: pages[asked.get("NextToken")],
        )
        assert examined(settings(tmp_path), session)[TRUSTED] == ("is on", "")

    def test_is_not_read_by_an_account_that_is_not_registered(
        self, aws: AwsServer, tmp_path: Path
    ) -> None:
        asked = written(tmp_path, "audit", reports={})
        found = examined(asked, aws.session(AUDIT, REGION))
        assert found.keys() == {ROLE, ADMINISTRATOR}
        assert found[ADMINISTRATOR][0] == "is not registered"
        assert found[ADMINISTRATOR][1].endswith(
            "register-delegated-administrator --service-principal backup.amazonaws.com "
            f"--account-id {AUDIT}"
        )

    def test_is_read_by_a_delegated_administrator(self, aws: AwsServer, tmp_path: Path) -> None:
        aws.session(MANAGEMENT, REGION).client("organizations").register_delegated_administrator(
            AccountId=AUDIT, ServicePrincipal="backup.amazonaws.com"
        )
        session = aws.session(AUDIT, REGION)
        Plan(name="acme_backup_job_report", accounts=["ROOT"]).make(session)
        found = examined(written(tmp_path, "audit", reports={}), session)
        assert found[ADMINISTRATOR] == ("is registered", "")
        assert found[JOBS] == ("all 5 in one of 1", "")


def answer_with(
    session: boto3.Session, call: str, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> None:
    """Answers a call itself, by what was asked: for what neither moto nor the sandbox does."""

    class Body:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def stream(self) -> Iterator[bytes]:
            yield self.content

    def respond(request: Any, **_: Any) -> AWSResponse:
        content = json.dumps(answer(json.loads(request.body))).encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), Body(content))

    session.events.register(f"before-send.{call}", cast(Any, respond))


UP = "run: backup-org up"


@dataclass(frozen=True, kw_only=True)
class Plan:
    name: str
    accounts: Sequence[str] = ()
    units: Sequence[str] = ()
    template: str = "BACKUP_JOB_REPORT"

    def make(self, session: boto3.Session) -> None:
        session.client("backup").create_report_plan(
            ReportPlanName=self.name,
            ReportDeliveryChannel={"S3BucketName": "anywhere"},
            ReportSetting={
                "ReportTemplate": self.template,
                "Accounts": self.accounts,
                "OrganizationUnits": self.units,
                "Regions": ["*"],
            },
        )


def shard(number: int, *accounts: str, units: Sequence[str] = ()) -> Plan:
    return Plan(name=f"acme_backup_job_report_{number}", accounts=accounts, units=units)


class TestTheReportPlans:
    @pytest.mark.parametrize(
        ("plans", "found"),
        [
            ([], "there is no plan yet"),
            (
                [shard(1, MANAGEMENT, AUDIT), shard(2, MEMBER, units=[UPPER])],
                f"{BELOW} in none",
            ),
            (
                [shard(1, MANAGEMENT, AUDIT), shard(2, MEMBER, IN_UNIT, units=[LOWER])],
                "",
            ),
            (
                [shard(1, MANAGEMENT, AUDIT, MEMBER), shard(2, MEMBER, units=[UPPER])],
                f"{BELOW} in none; {MEMBER} in several",
            ),
            ([shard(1, "ROOT"), shard(2, CLOSED), shard(3, CLOSED)], ""),
            (
                [Plan(name="acme_backup_job_report_of_others", accounts=["ROOT"])],
                "there is no plan yet",
            ),
            (
                [
                    Plan(
                        name="acme_backup_job_report",
                        accounts=["ROOT"],
                        template="COPY_JOB_REPORT",
                    )
                ],
                "there is no plan yet",
            ),
        ],
    )
    def test_cover_each_active_account_once(
        self, plans: Sequence[Plan], found: str, tmp_path: Path, session: boto3.Session
    ) -> None:
        for plan in plans:
            plan.make(session)
        expected = (found, UP) if found else (f"all 5 in one of {len(plans)}", "")
        assert examined(settings(tmp_path), session)[JOBS] == expected

    def test_cover_no_more_than_the_scope(self, tmp_path: Path, session: boto3.Session) -> None:
        scope = {"organizational_units": [LOWER], "accounts": [MEMBER, CLOSED]}
        shard(1, MEMBER, units=[LOWER]).make(session)
        found = examined(settings(tmp_path, scope=scope), session)
        assert found[JOBS] == ("all 2 in one of 1", "")

    def test_cover_the_units_below_those_of_the_scope_too(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        shard(1, units=[UPPER]).make(session)
        asked = settings(tmp_path, scope={"organizational_units": [UPPER]})
        assert examined(asked, session)[JOBS] == (f"{BELOW} in none", UP)

    def test_are_held_to_aws_quotas_however_the_organization_has_grown(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        Plan(name="acme_backup_job_report", accounts=["ROOT"]).make(session)
        shard(2, MEMBER).make(session)
        regions = len(session.client("ec2").describe_regions()["Regions"])
        volume = 100_000 // regions // 4  # of five accounts, four fit
        asked = settings(tmp_path, sharding={"daily_volume": volume})
        found = examined(asked, session)
        about = "the load of acme_backup_job_report"
        assert [key for key in found if key.startswith("the load")] == [about]
        told, cure = found[about]
        assert told.startswith(f"5 accounts × {regions} Regions = {5 * regions} (a report plan")
        assert cure == UP

    def test_that_are_not_deployed_from_here_are_not_cured_by_an_up(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        Plan(name="theirs", accounts=[MEMBER]).make(session)
        Plan(name="theirs_2", accounts=["ROOT"]).make(session)
        plans = {"backup_job": {"name": "theirs", "existing": True}}
        found, cure = examined(settings(tmp_path, plans=plans), session)[JOBS]
        assert found == f"{', '.join([MANAGEMENT, AUDIT, IN_UNIT, BELOW])} in none"
        assert cure == "see to theirs yourself: it is not deployed from here"


class TestALookThatIsRefused:
    def test_is_a_finding_beside_the_others(
        self, aws: AwsServer, tmp_path: Path, session: boto3.Session
    ) -> None:
        iam = session.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": MANAGEMENT}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName="little", AssumeRolePolicyDocument=policy_of(trust))
        allowed = {"Effect": "Allow", "Action": "organizations:*", "Resource": "*"}
        iam.put_role_policy(RoleName="little", PolicyName="own", PolicyDocument=policy_of(allowed))
        little = aws.role_session(made["Role"]["Arn"], REGION)
        found = examined(settings(tmp_path), little)
        assert found[TRUSTED] == ("is on", "")
        for about, call in ((ROLE, "GetRole"), ("accounts in the report plans", "ListReportPlans")):
            assert found[about][0].startswith("cannot be looked up: An error occurred (Access")
            assert found[about][1] == f"let the role that deploys here call {call}"


class TestTheCommand:
    """All of a project's stacks, with what is at hand in the environment."""

    @pytest.fixture(autouse=True)
    def _project(self, aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config").touch()
        environment = {
            "BACKUP_ORG_PROJECT": tmp_path,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": Organization().access_key_id,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_CONFIG_FILE": tmp_path / "config",
            "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "config",
            "AWS_EC2_METADATA_DISABLED": "true",
            "COLUMNS": "1000",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        role = "OrganizationAccountAccessRole"
        written(tmp_path, "management", reports={"scope": "account"}, deploy_role=role)
        written(tmp_path, "audit", deploy_role=role)

    @staticmethod
    def told(*names: str) -> tuple[int | str | None, list[str], list[str]]:
        """How the command ends, the rows of its table, and the cures below."""
        answer = backup_org("doctor", *names)
        rows = [line for line in answer.output.splitlines() if line.startswith("│")]
        cures = [line for line in answer.output.splitlines() if line.startswith("acme-")]
        return answer.exit_code, rows, cures

    def test_ends_well_where_nothing_needs_a_cure(self, session: boto3.Session) -> None:
        iam = session.client("iam")
        iam.create_service_linked_role(AWSServiceName="reports.backup.amazonaws.com")
        code, rows, cures = self.told()
        assert (code, cures) == (0, [])
        assert [row.split("│")[1].strip() for row in rows] == ["acme-management"]

    @pytest.mark.parametrize(
        ("deploy_role", "found", "cure"),
        [
            (
                "nobody",
                f"arn:aws:iam::{AUDIT}:role/nobody cannot be assumed",
                "trust the credentials at hand",
            ),
            (
                None,
                f"act in {MANAGEMENT}, and the stack's account is {AUDIT}",
                "or set deploy_role",
            ),
        ],
    )
    def test_tells_what_keeps_from_one_account_beside_the_others(
        self, deploy_role: str | None, found: str, cure: str, tmp_path: Path
    ) -> None:
        written(tmp_path, "audit", deploy_role=deploy_role)
        code, rows, cures = self.told()
        assert code == 1
        assert found in rows[0]
        assert "does not exist" in rows[1]
        assert [line.split(": ")[0] for line in cures] == ["acme-audit", "acme-management"]
        assert cure in cures[0]

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("AWS_ACCESS_KEY_ID", None, "Unable to locate credentials"),
            ("AWS_ACCESS_KEY_ID", "unknown", "InvalidClientTokenId"),
            ("AWS_PROFILE", "nowhere", "profile (nowhere) could not be found"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "Could not connect"),
        ],
    )
    def test_tells_of_every_stack_what_keeps_from_all(
        self, name: str, value: str | None, found: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
        code, rows, cures = self.told()
        assert code == 1
        assert [row.split("│")[1].strip() for row in rows] == ["acme-audit", "acme-management"]
        assert all(found in row for row in rows)
        assert ["aws sts get-caller-identity" in line for line in cures] == [True, True]

    def test_tells_problems_of_settings_beside_the_others(self, tmp_path: Path) -> None:
        with pytest.raises(load.SettingsError):
            written(tmp_path, "audit", colour="red")
        code, rows, cures = self.told()
        assert code == 1
        assert "colour" in rows[0]
        assert "does not exist" in rows[1]
        assert len(cures) == 2

    def test_prints_brackets_as_they_are(self, tmp_path: Path) -> None:
        with pytest.raises(load.SettingsError):
            written(tmp_path, "audit", tags={"[red]x": ["[bold]"]})
        assert "[red]x" in self.told()[1][0]

    @pytest.mark.usefixtures("role")
    def test_prints_what_another_account_must_see_to_and_exits_with_nought(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        written(
            tmp_path,
            "management",
            reports={"scope": "account", "bucket": {**THEIRS, "account": AUDIT}},
        )
        monkeypatch.setenv("COLUMNS", "60")
        code, _, below = self.told("acme-management")
        assert code == 0
        wanted = reports_are_read(ARN, MANAGEMENT).render()
        need = f"{AUDIT} must have in it: {json.dumps(wanted)}"
        assert f"acme-management: {POLICY}: {need}" in below

    def test_prints_a_cure_on_one_line_however_narrow_the_terminal_is(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bucket: Any
    ) -> None:
        del bucket
        reports = {"scope": "account", "bucket": THEIRS}
        role = "OrganizationAccountAccessRole"
        written(tmp_path, "management", reports=reports, deploy_role=role)
        monkeypatch.setenv("COLUMNS", "60")
        wanted = reports_are_delivered("arn:aws:s3:::theirs", MANAGEMENT).render()
        cure = f"acme-management: {POLICY}: add to it: {json.dumps(wanted)}"
        assert cure in self.told("acme-management")[2]
