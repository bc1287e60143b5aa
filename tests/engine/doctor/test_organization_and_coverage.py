"""The doctor on the organization, and on which accounts the report plans cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest

from aws_sandbox.aws.server import AwsServer
from fleet.bootstrap.template import BOOTSTRAPPED
from fleet.deploy.prepare import prepared
from fleet.doctor import coverage
from fleet.doctor.findings import State
from stacks import load
from tests.engine.doctor.conftest import (
    ADMINISTRATOR,
    AUDIT,
    BELOW,
    CLOSED,
    EVERYWHERE,
    IN_UNIT,
    JOBS,
    LOWER,
    MANAGEMENT,
    MEMBER,
    MONITORED,
    REGION,
    ROLE,
    TRUSTED,
    UPPER,
    answer_with,
    deploy_something,
    examined,
    findings,
    policy_of,
    settings,
    written,
)

PREPARE = "backup-org prepare acme-management"


class TestTheOrganization:
    def test_that_does_not_trust_aws_backup_is_told_what_switches_that_on(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = settings(tmp_path)
        assert examined(asked, session)[TRUSTED] == ("is on", "")
        session.client("organizations").disable_aws_service_access(
            ServicePrincipal="backup.amazonaws.com"
        )
        assert examined(asked, session)[TRUSTED] == ("is off", PREPARE)

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
        assert found.keys() - EVERYWHERE == {ROLE, ADMINISTRATOR}
        assert found[ADMINISTRATOR] == ("is not registered", PREPARE)

    def test_of_which_the_role_may_not_ask_is_told_so(self, aws: AwsServer, tmp_path: Path) -> None:
        iam = aws.session(AUDIT, REGION).client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": MANAGEMENT}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName="little", AssumeRolePolicyDocument=policy_of(trust))
        little = aws.role_session(made["Role"]["Arn"], REGION)
        found = findings(written(tmp_path, "audit", reports={}), little)[ADMINISTRATOR]
        assert found.state is State.UNSEEN
        assert "call ListDelegatedAdministrators" in found.cure

    def test_is_read_by_a_delegated_administrator(self, aws: AwsServer, tmp_path: Path) -> None:
        aws.session(MANAGEMENT, REGION).client("organizations").register_delegated_administrator(
            AccountId=AUDIT, ServicePrincipal="backup.amazonaws.com"
        )
        session = aws.session(AUDIT, REGION)
        Plan(name="acme_backup_job_report", accounts=["ROOT"]).make(session)
        found = examined(written(tmp_path, "audit", reports={}), session)
        assert found[ADMINISTRATOR] == ("is registered", "")
        assert found[JOBS] == ("all 5 in one of 1", "")

    def test_is_looked_at_as_all_of_the_customers_stacks_need_it(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        rule = {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 7}
        copies = {"rules": {"daily": {**rule, "copies": [{"account": MANAGEMENT}]}}}
        written(tmp_path, "audit", reports={}, vaults={"own": {}}, plans={"gold": copies})
        asked = written(tmp_path, "management", reports=None)
        delegated, copying = f"{AUDIT} as delegated administrator of AWS Backup", COPYING
        found = findings(asked, session, tmp_path)
        assert [found[about].state for about in (TRUSTED, delegated, copying)] == [
            State.FINE,
            State.CURE,
            State.CURE,
        ]
        assert found[copying].run == (PREPARE,)
        stacks = [load.from_files(stack, tmp_path) for stack in load.stacks_in(tmp_path)]
        assert len([*prepared(asked, lambda: stacks, session)]) > 1
        found = findings(asked, session, tmp_path)
        assert {found[about].state for about in (delegated, copying)} == {State.FINE}

    def test_is_monitored_once_another_accounts_jobs_are_seen(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        written(tmp_path, "audit")
        asked = settings(tmp_path)
        assert findings(asked, session, tmp_path)[MONITORED].state is State.BY_HAND
        job = {"AccountId": AUDIT, "BackupJobId": "one"}
        answer = {"BackupJobs": [job]}
        answer_with(session, "backup.ListBackupJobs", lambda _: answer)
        found = findings(asked, session, tmp_path)[MONITORED]
        assert (found.state, found.found) == (State.FINE, f"is on: jobs of {AUDIT} are seen")


COPYING = "cross-account backup"


UP = "backup-org up acme-management"
NO_PLAN = "there is no plan: the stack is not deployed yet"


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
            ([], NO_PLAN),
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
                NO_PLAN,
            ),
            (
                [
                    Plan(
                        name="acme_backup_job_report",
                        accounts=["ROOT"],
                        template="COPY_JOB_REPORT",
                    )
                ],
                NO_PLAN,
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

    def test_that_are_not_there_are_missed_once_the_stack_is_deployed(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        asked = settings(tmp_path)
        before = findings(asked, session)[JOBS]
        assert (before.state, before.run) == (State.NOT_YET, (UP,))
        deploy_something(session, **{BOOTSTRAPPED: "true"})
        assert findings(asked, session)[JOBS].state is State.NOT_YET
        deploy_something(session)
        after = findings(asked, session)[JOBS]
        assert (after.state, after.found, after.run) == (State.CURE, "there is no plan", (UP,))

    def test_are_missed_of_a_stack_whose_resources_are_on_a_later_page(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        pages: Mapping[str | None, Mapping[str, Any]] = {
            None: {"ResourceTagMappingList": [], "PaginationToken": "second"},
            "second": {"ResourceTagMappingList": [{"ResourceARN": "one"}], "PaginationToken": ""},
        }
        answer_with(
            session,
            "resource-groups-tagging-api.GetResources",
            lambda asked: pages[asked.get("PaginationToken")],
        )
        assert findings(settings(tmp_path), session)[JOBS].state is State.CURE

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
        # Of five accounts four fit, with a tenth to spare.
        asked = settings(tmp_path, sharding={"account_daily_volume": 22_500})
        found = examined(asked, session)
        about = "the load of acme_backup_job_report"
        assert [key for key in found if key.startswith("the load")] == [about]
        told, cure = found[about]
        assert told.startswith("5 accounts (5 × 22500 assumed) = 112500 jobs and evaluations")
        assert "backup-org lake volume --write --stack acme-management; backup-org up acme" in cure

    @pytest.mark.parametrize(
        ("seen", "accounts", "cure"),
        [
            ({MEMBER: 89_600}, ["ROOT"], ""),
            (
                {MEMBER: 89_601},
                ["ROOT"],
                "look between the two at what changes:; backup-org lake volume --write",
            ),
            ({MEMBER: 100_001}, [MEMBER], "no sharding helps one account"),
        ],
    )
    def test_are_held_to_what_the_lake_has_seen_with_a_tenth_to_spare(
        self,
        seen: Mapping[str, int],
        accounts: Sequence[str],
        cure: str,
        tmp_path: Path,
        session: boto3.Session,
    ) -> None:
        Plan(name="acme_backup_job_report", accounts=accounts).make(session)
        with mock.patch.object(coverage, "seen", return_value=seen):
            found = examined(settings(tmp_path), session)
        told, said = found.get("the load of acme_backup_job_report", ("", ""))
        assert said[: len(cure)] == cure
        assert bool(told) == bool(said) == bool(cure)

    def test_are_looked_at_though_the_lake_gives_no_answer(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        Plan(name="acme_backup_job_report", accounts=["ROOT"]).make(session)
        found = examined(settings(tmp_path), session)
        told, cure = found["what the lake has seen of accounts"]
        assert told.startswith("cannot be looked up: ")
        assert cure == "deploy the lake, and let the role that deploys here query it"
        assert found[JOBS] == ("all 5 in one of 1", "")

    def test_that_are_not_deployed_from_here_are_not_cured_by_an_up(
        self, tmp_path: Path, session: boto3.Session
    ) -> None:
        Plan(name="theirs", accounts=[MEMBER]).make(session)
        Plan(name="theirs_2", accounts=["ROOT"]).make(session)
        plans = {"backup_job": {"name": "theirs", "existing": True}}
        found, cure = examined(settings(tmp_path, plans=plans), session)[JOBS]
        assert found == f"{', '.join([MANAGEMENT, AUDIT, IN_UNIT, BELOW])} in none"
        assert cure == "see to the plan yourself: it is not deployed from here"
