"""An organization whose management account owns report plans, for all tests of a worker."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from aws_sandbox.aws.organization import Account, Organization, Unit
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.reports.delivery import SERVICE_ROLE, SERVICE_ROLE_PATH, DeliveryAccess
from aws_sandbox.reports.report_plans import ReportPlan, read_plan
from sandbox.tests.moto_state import forget_everything

MANAGEMENT, OUTER, INNER = "111111111111", "121212121212", "999999999999"
OUTER_UNIT, INNER_UNIT = "ou-exam-reports1", "ou-exam-reports2"
REGIONS = ("eu-west-1", "us-east-1")
REGION = REGIONS[0]
ROLE_ARN = f"arn:aws:iam::{{}}:role{SERVICE_ROLE_PATH}{SERVICE_ROLE}"


class Desk:
    """Report plans, the buckets that they deliver to, and how deliveries reach them."""

    def __init__(self, server: AwsServer) -> None:
        self._server = server
        self._sessions: dict[tuple[str, str], Any] = {}
        self._names = itertools.count()
        self.access = DeliveryAccess(
            administrator=self.session,
            service_role=server.role_session,
            management_account=lambda _account: MANAGEMENT,
            regions=REGIONS,
        )
        self.backup = self.session(MANAGEMENT, REGION).client("backup")
        self.s3 = self.session(MANAGEMENT, REGION).client("s3")
        iam = self.session(MANAGEMENT, REGION).client("iam")
        roles = {role["RoleName"] for role in iam.list_roles()["Roles"]}
        if SERVICE_ROLE not in roles:
            iam.create_service_linked_role(AWSServiceName="reports.backup.amazonaws.com")

    def session(self, account: str, region: str) -> Any:
        key = account, region
        if key not in self._sessions:
            self._sessions[key] = self._server.session(account, region)
        return self._sessions[key]

    def name(self, prefix: str = "plan") -> str:
        """A name that no other test has."""
        return f"{prefix}_{next(self._names)}"

    def bucket(self, *, open_to_reports: bool = True) -> str:
        """A new bucket, with the policy that AWS documents for report delivery."""
        name = self.name("reports").replace("_", "-")
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": ROLE_ARN.format(MANAGEMENT)},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        }
        if open_to_reports:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.s3.put_bucket_policy(Bucket=name, Policy=policy)
        return name

    def plan(
        self, bucket: str, *, prefix: str = "", formats: str = "CSV", **setting: Any
    ) -> ReportPlan:
        """A new report plan, as AWS Backup describes it."""
        name = self.name()
        self.backup.create_report_plan(
            ReportPlanName=name,
            ReportSetting=setting,
            ReportDeliveryChannel={
                "S3BucketName": bucket,
                "Formats": formats.split(","),
                **({"S3KeyPrefix": prefix} if prefix else {}),
            },
        )
        return read_plan(self.backup.describe_report_plan(ReportPlanName=name)["ReportPlan"])

    def stored(self, plan: ReportPlan, key: str) -> str:
        body = self.s3.get_object(Bucket=plan.bucket, Key=key)["Body"]
        return body.read().decode()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    forget_everything()
    server = AwsServer(
        Organization(
            accounts=(
                Account(id=MANAGEMENT, name="management"),
                Account(id=OUTER, name="outer", parent=OUTER_UNIT),
                Account(id=INNER, name="inner", parent=INNER_UNIT),
            ),
            units=(
                Unit(id=OUTER_UNIT, name="outer unit"),
                Unit(id=INNER_UNIT, name="inner unit", parent=OUTER_UNIT),
            ),
        )
    )
    server.start()
    yield Desk(server)
    server.stop()
