"""What each variant of the reports deploys, and what it leaves alone."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest

from components.lake.query_library import queries
from reports.plans import ORGANIZATION, Plan, plans_of
from reports.templates import TEMPLATES
from tests.support.examples import example, recordings
from tests.support.recorder import Recorded, Recording
from tests.support.report_variants import (
    THEIRS,
    UNITS,
    VARIANTS,
    large,
    management,
    recorded,
    recorded_as,
    with_invokes,
)

PLAN, TABLE = "aws:backup/reportPlan:ReportPlan", "aws:glue/catalogTable:CatalogTable"
NAMED_QUERY = "aws:athena/namedQuery:NamedQuery"
RULE = "aws:cloudwatch/eventRule:EventRule"
ON_A_BUCKET = (
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:s3/bucketLogging:BucketLogging",
)


def buckets(recording: Recording) -> list[str]:
    return sorted(b.inputs["bucket"] for b in recording.all("aws:s3/bucket:Bucket"))


def plans(recording: Recording) -> Mapping[str, Recorded]:
    return {plan.inputs["name"]: plan for plan in recording.all(PLAN)}


def scope(plan: Recorded) -> Mapping[str, Any]:
    setting = plan.inputs["reportSetting"]
    return {name: setting.get(name) for name in ("accounts", "organizationUnits", "regions")}


def functions(recording: Recording) -> Sequence[str]:
    found = recording.all("aws:lambda/function:Function")
    return sorted(function.inputs["name"] for function in found)


def handed_over(recording: Recording, function: str = "partitions") -> Mapping[str, Plan]:
    """The report plans as a function reads them."""
    (found,) = [
        f
        for f in recording.all("aws:lambda/function:Function")
        if f.inputs["name"] == f"acme-backup-reports-{function}"
    ]
    return plans_of(json.loads(found.inputs["environment"]["variables"]["REPORT_PLANS"]))


def table(recording: Recording, name: str) -> Mapping[str, Any]:
    (found,) = [t for t in recording.all(TABLE) if t.inputs["name"] == name]
    return found.inputs


def columns(recording: Recording, name: str) -> list[str]:
    return [c["name"] for c in table(recording, name)["storageDescriptor"]["columns"]]


def statements(recording: Recording, role: str) -> dict[str, Mapping[str, Any]]:
    """The statements of a role's own policy by their Sid."""
    (policy,) = [
        p for p in recording.all("aws:iam/rolePolicy:RolePolicy") if p.inputs["name"] == role
    ]
    return {s["Sid"]: s for s in json.loads(policy.inputs["policy"])["Statement"]}


class TestAnExistingBucket:
    found = "existing bucket"

    def test_is_not_touched(self) -> None:
        recording = recorded(self.found)
        assert buckets(recording) == ["acme-backup-lake-111111111111-eu-central-1"]
        on = {r.inputs["bucket"] for type_ in ON_A_BUCKET for r in recording.all(type_)}
        assert on == {"acme-backup-lake-111111111111-eu-central-1"}

    def test_is_delivered_to_and_listened_to(self) -> None:
        recording = recorded(self.found)
        channels = [plan.inputs["reportDeliveryChannel"] for plan in recording.all(PLAN)]
        assert {channel["s3BucketName"] for channel in channels} == {"theirs-reports"}
        patterns = [rule.inputs.get("eventPattern", "") for rule in recording.all(RULE)]
        assert [p for p in patterns if "theirs-reports" in p]
        location = table(recording, "backup_job_report")["storageDescriptor"]["location"]
        assert location == "s3://theirs-reports/"

    def test_has_its_key_opened_for_the_functions_that_read_it(self) -> None:
        recording = recorded(self.found)
        key = "arn:aws:kms:eu-central-1:111111111111:key/theirs"
        readers = [
            policy.inputs["name"]
            for policy in recording.all("aws:iam/rolePolicy:RolePolicy")
            if any(
                "kms:Decrypt" in statement["Action"] and key in statement["Resource"]
                for statement in json.loads(policy.inputs["policy"])["Statement"]
            )
        ]
        assert "acme-backup-reports-curation" in readers
        assert "acme-backup-reports-partitions" in readers


class TestDestroy:
    @pytest.mark.parametrize(
        ("reports", "may"),
        [
            ({"bucket": {"force_destroy": True}}, True),
            ({"bucket": {"force_destroy": True}, "lake": {"force_destroy": False}}, False),
            ({"bucket": THEIRS}, False),
            ({"bucket": THEIRS, "lake": {"force_destroy": True}}, True),
        ],
    )
    def test_may_take_the_lake_as_is_set(self, reports: Mapping[str, Any], *, may: bool) -> None:
        recording = recorded_as(management(**reports))
        workgroup = recording.one("aws:athena/workgroup:Workgroup")
        lake = recording.one("aws:s3/bucket:Bucket", "acme-backup-reports-lake")
        assert {r.inputs.get("forceDestroy", False) for r in (workgroup, lake)} == {may}


class TestCuratedReports:
    @pytest.mark.parametrize(
        ("reports", "days"),
        [
            ({}, 400),
            ({"bucket": {"expire_after_days": 30}}, 30),
            ({"bucket": {"expire_after_days": None}}, None),
            ({"bucket": {"expire_after_days": 30}, "lake": {"expire_after_days": 900}}, 900),
            ({"lake": {"expire_after_days": None}}, None),
            ({"bucket": THEIRS}, None),
            ({"bucket": THEIRS, "lake": {"expire_after_days": 2555}}, 2555),
        ],
    )
    def test_are_kept_and_seen_as_long_as_is_set(
        self, reports: Mapping[str, Any], days: int | None
    ) -> None:
        recording = recorded_as(management(**reports))
        (lifecycle,) = [
            r
            for r in recording.all(ON_A_BUCKET[2])
            if r.inputs["bucket"] == "acme-backup-lake-111111111111-eu-central-1"
        ]
        kept = {
            rule["filter"]["prefix"]: rule["expiration"]["days"]
            for rule in lifecycle.inputs["rules"]
            if "expiration" in rule and rule.get("filter", {}).get("prefix")
        }
        ours = {"curated/": days, "deliveries/": days} if days else {}
        assert kept == {"results/": 30, **ours}
        for name in ("backup_jobs_curated", "report_deliveries"):
            seen = table(recording, name)["parameters"]["projection.report_date.range"]
            assert seen == f"NOW-{days or 3650}DAYS,NOW+1DAYS"


class TestNamedQueries:
    @pytest.mark.parametrize(
        ("name", "absent"),
        [
            ("existing bucket", set[str]()),
            ("templates off", {"copy_job_report", "resource_compliance_report"}),
            ("projection of one account", {"pathtoroot"}),
            ("a member's own", {"pathtoroot"}),
        ],
    )
    def test_are_those_whose_tables_and_columns_are_there(
        self, name: str, absent: set[str]
    ) -> None:
        recording = recorded(name)
        made = {q.inputs["name"]: q.inputs["query"] for q in recording.all(NAMED_QUERY)}
        known = queries("eu-central-1")
        assert made == {
            query.name: query.sql()
            for query in known.values()
            if not any(word in query.text for word in absent)
        }
        assert (made.keys() < known.keys()) == bool(absent)


class TestTheViewOfPlans:
    @pytest.mark.parametrize("name", ["existing plans", "sharded", "templates off", "own plans"])
    def test_has_those_that_deliver_to_the_lake(self, name: str) -> None:
        recording = recorded(name)
        text = table(recording, "report_plans")["viewOriginalText"].split()[3]
        sql = json.loads(base64.b64decode(text))["originalSql"]
        rows = re.findall(r"\('(\w+)', '(\w+)'\)", sql)
        published = recording.exports["report_plans"]
        assert dict(rows) == {plan: told["template"] for plan, told in published.items()}
        assert len(rows) == len(published)


class TestAnotherAccountsBucket:
    def test_is_delivered_to_and_nothing_is_said_of_what_it_lacks(self) -> None:
        """The doctor says it."""
        recording = recorded("another account's bucket")
        channels = [plan.inputs["reportDeliveryChannel"] for plan in recording.all(PLAN)]
        assert {channel["s3BucketName"] for channel in channels} == {"theirs-reports"}
        assert recording.said == ()


class TestExistingPlans:
    def test_are_not_deployed_and_the_others_are(self) -> None:
        assert plans(recorded("existing plans")).keys() == {
            "acme_restore_job_report",
            "acme_control_compliance_report",
            "acme_resource_compliance_report",
        }

    def test_are_the_lakes_all_the_same(self) -> None:
        published = recorded("existing plans").exports["report_plans"]
        assert {published[name]["template"] for name in ("theirs_backups", "theirs_copies")} == {
            "backup_job",
            "copy_job",
        }
        assert len(published) == 5

    def test_with_a_number_at_their_end_are_somebody_elses(self) -> None:
        """theirs_backups_2 may be anybody's; acme_restore_job_report_2 was this program's."""
        for name, plan in handed_over(recorded("existing plans")).items():
            assert plan.numbered == name.startswith("acme_"), name


class TestARunningFunction:
    def test_starts_anew_only_once_the_tables_have_the_columns_that_it_keeps(self) -> None:
        recording = recordings()["acme-management"]
        tables = {t.urn for t in recording.all(TABLE) if t.inputs["name"] == "backup_job_report"}
        (intake,) = [r for r in recording.resources if r.type.endswith(":ReportIntake")]
        assert len(tables) == 1
        assert tables <= intake.after


class TestOneAccount:
    @pytest.mark.parametrize("function", ["partitions", "curation"])
    def test_hands_over_its_id_which_its_reports_keys_have(self, function: str) -> None:
        recording = recorded_as(management(scope="account"))
        of_them = handed_over(recording, function).values()
        assert {(plan.account, plan.numbered) for plan in of_them} == {("111111111111", False)}
        assert {plan["account"] for plan in recording.exports["report_plans"].values()} == {
            "111111111111"
        }


class TestS3sOwnKey:
    def test_encrypts_the_reports_and_no_key_is_made_for_them(self) -> None:
        recording = recorded("S3's own key")
        encryption = next(
            r
            for r in recording.all(ON_A_BUCKET[6])
            if r.inputs["bucket"] == "acme-backup-reports-111111111111-eu-central-1"
        )
        (rule,) = encryption.inputs["rules"]
        assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
        keys = [key.name for key in recording.all("aws:kms/key:Key")]
        by_default = [key.name for key in recordings()["acme-management"].all("aws:kms/key:Key")]
        assert {*by_default} - {*keys} == {"acme-backup-reports"}

    def test_leaves_no_permission_for_a_key_of_the_reports(self) -> None:
        for role in ("acme-backup-reports-partitions", "acme-backup-reports-watch"):
            actions = [
                action
                for statement in statements(recorded("S3's own key"), role).values()
                for action in statement["Action"]
            ]
            assert not [action for action in actions if action.startswith("kms:")], role


class TestProjection:
    def test_needs_no_function_for_partitions(self) -> None:
        recording = recorded("projection")
        assert "acme-backup-reports-partitions" not in functions(recording)
        assert functions(recording) == [
            name
            for name in functions(recordings()["acme-management"])
            if name != "acme-backup-reports-partitions"
        ]
        assert recording.exports["report_queues"].keys() == {"curation"}

    @pytest.mark.parametrize("template", TEMPLATES)
    def test_computes_the_partitions_of_every_table(self, template: str) -> None:
        parameters = table(recorded("projection"), f"{template}_report")["parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.report_plan.values"] == f"acme_{template}_report"
        assert parameters["storage.location.template"] == (
            "s3://acme-backup-reports-111111111111-eu-central-1/Backup/crossaccount/crossregion/"
            "${year}/${month}/${day}/${report_plan}/"
        )

    @pytest.mark.parametrize(
        ("name", "template", "where"),
        [
            (
                "projection of one Region with a prefix",
                "backup_job",
                "jobs/nightly/Backup/crossaccount/eu-west-1/",
            ),
            (
                "projection of one Region with a prefix",
                "copy_job",
                "Backup/crossaccount/eu-west-1/",
            ),
            ("projection of one account", "copy_job", "Backup/111111111111/crossregion/"),
        ],
    )
    def test_looks_where_aws_delivers(self, name: str, template: str, where: str) -> None:
        parameters = table(recorded(name), f"{template}_report")["parameters"]
        located = parameters["storage.location.template"]
        assert located.partition("-eu-central-1/")[2] == (
            where + "${year}/${month}/${day}/${report_plan}/"
        )

    def test_is_not_what_stands_by_default(self) -> None:
        parameters = table(recordings()["acme-management"], "backup_job_report")["parameters"]
        assert not [name for name in parameters if name.startswith("projection.")]


class TestTemplatesThatAreOff:
    def test_have_neither_plan_nor_table(self) -> None:
        recording = recorded("templates off")
        left = {"backup_job", "restore_job", "control_compliance"}
        assert plans(recording).keys() == {f"acme_{name}_report" for name in left}
        tables = {t.inputs["name"] for t in recording.all(TABLE)}
        assert {f"{name}_report" for name in TEMPLATES} & tables == {
            f"{name}_report" for name in left
        }
        # Queries over them still answer, with nothing.
        curated = {f"{name}s_curated" for name in ("backup_job", "restore_job", "copy_job")}
        assert curated <= tables


class TestOwnPlans:
    def test_stand_beside_the_lakes_and_stay_out_of_it(self) -> None:
        recording = recorded("own plans")
        assert plans(recording).keys() == {"own_jobs"} | {
            f"acme_{name}_report" for name in TEMPLATES
        }
        assert "own_jobs" not in recording.exports["report_plans"]

    def test_are_on_this_account_and_region_alone(self) -> None:
        own = plans(recorded("own plans"))["own_jobs"]
        assert scope(own) == {"accounts": None, "organizationUnits": None, "regions": None}
        channel = own.inputs["reportDeliveryChannel"]
        assert (channel["s3KeyPrefix"], channel["formats"]) == ("own", ["CSV", "JSON"])


class TestADelegatedAdministrator:
    def test_reports_on_the_organization_from_the_audit_account(self) -> None:
        recording = recorded("reports in audit")
        assert len(plans(recording)) == 5
        for plan in plans(recording).values():
            assert scope(plan)["accounts"] == ["ROOT"]
        assert "acme-backup-reports-222222222222-eu-central-1" in buckets(recording)
        assert recording.exports["contracts"].keys() >= {"reports", "alerts", "ticketing"}

    def test_leaves_the_management_account_without(self) -> None:
        recording = recorded("no reports in management")
        assert plans(recording) == {}
        assert buckets(recording) == []
        assert functions(recording) == []


class TestPartsOfTheOrganization:
    def test_are_named_in_every_plan_and_no_account_twice(self) -> None:
        found = plans(recorded("parts of the organization"))
        assert len(found) == 5
        for plan in found.values():
            assert scope(plan) == {
                # 333333333333 stands in one of the units already.
                "accounts": ["222222222222"],
                "organizationUnits": list(UNITS),
                "regions": ["*"],
            }


class TestAMembersOwn:
    def test_names_neither_accounts_nor_units(self) -> None:
        for plan in plans(recorded("a member's own")).values():
            assert scope(plan) == {"accounts": None, "organizationUnits": None, "regions": ["*"]}

    def test_has_no_path_of_an_organization_in_its_tables(self) -> None:
        own = columns(recorded("a member's own"), "backup_job_report")
        whole = columns(recordings()["acme-management"], "backup_job_report")
        assert "pathtoroot" in whole
        assert "pathtoroot" not in own
        assert {*own} < {*whole}

    def test_stands_in_the_members_account(self) -> None:
        recording = recorded("a member's own")
        assert "acme-backup-reports-333333333333-eu-central-1" in buckets(recording)
        assert recording.exports["contracts"].keys() >= {"member", "reports"}


class TestCopies:
    rule_of = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"

    def test_go_from_the_reports_bucket_to_that_of_the_audit_account(self) -> None:
        audit, recording = recorded("copies in audit"), recorded("copies from management")
        config = recording.one(self.rule_of)
        (rule,) = config.inputs["rules"]
        assert config.inputs["bucket"] == "acme-backup-reports-111111111111-eu-central-1"
        assert rule["destination"] == {
            "bucket": audit.exports["reports_copy_bucket_arn"],
            "account": "222222222222",
            "accessControlTranslation": {"owner": "Destination"},
            "encryptionConfiguration": {
                "replicaKmsKeyId": audit.exports["reports_copy_key_arn"],
            },
        }
        assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}

    def test_wait_for_the_versions_that_they_need(self) -> None:
        recording = recorded("copies from management")
        (versioning,) = [
            r
            for r in recording.all("aws:s3/bucketVersioning:BucketVersioning")
            if r.inputs["bucket"] == "acme-backup-reports-111111111111-eu-central-1"
        ]
        config = recording.one(self.rule_of)
        (component,) = [r for r in recording.resources if r.urn == config.parent]
        assert versioning.urn in component.after

    def test_have_no_key_where_the_reports_have_none(self) -> None:
        """AWS refuses a key for replicas without SseKmsEncryptedObjects."""
        recording = recorded("copies with S3's own key")
        (rule,) = recording.one(self.rule_of).inputs["rules"]
        assert "encryptionConfiguration" not in rule["destination"]
        assert "sourceSelectionCriteria" not in rule
        assert statements(recording, "acme-backup-reports-copy").keys() == {
            "ReadReplication",
            "ReadVersions",
            "WriteCopies",
        }

    def test_are_admitted_for_the_replicating_role_alone(self) -> None:
        recording = recorded("copies in audit")
        (policy,) = [
            json.loads(p.inputs["policy"])
            for p in recording.all("aws:s3/bucketPolicy:BucketPolicy")
            if "backup-copies" in p.inputs["bucket"]
        ]
        role = recorded("copies from management").one(
            "aws:iam/role:Role", "acme-backup-reports-copy"
        )
        admitted = [s for s in policy["Statement"] if s["Effect"] == "Allow"]
        assert [s["Sid"] for s in admitted] == ["CopiesAreWritten", "VersioningIsSeen"]
        for statement in admitted:
            assert statement["Condition"] == {
                "ArnEquals": {
                    "aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{role.inputs['name']}"
                }
            }

    def test_are_kept_as_long_as_is_set(self) -> None:
        recording = recorded("copies in audit")
        (lifecycle,) = recording.all(ON_A_BUCKET[2])
        days = [r["expiration"]["days"] for r in lifecycle.inputs["rules"] if "expiration" in r]
        assert days == [500]


class TestALargeOrganization:
    def test_is_spread_over_numbered_plans_that_cover_each_unit_once(self) -> None:
        """4 units of 160 accounts in one Region: a plan takes 300 accounts, and so one unit."""
        found = plans(recorded("sharded"))
        of_jobs = {n: scope(p) for n, p in found.items() if n.startswith("acme_backup_job")}
        more = {f"acme_backup_job_report_{number}" for number in (2, 3, 4)}
        assert of_jobs.keys() == {"acme_backup_job_report", *more}
        units = [unit for one in of_jobs.values() for unit in one["organizationUnits"]]
        assert sorted(units) == [f"ou-exam-{number:08d}" for number in range(4)]
        assert {one["accounts"] for one in of_jobs.values()} == {None}
        assert len(found) == 20

    def test_says_its_arithmetic(self) -> None:
        (line,) = [line for line in recorded("sharded").said if "report plans a template" in line]
        assert "4 report plans a template: 640 accounts × 1 Regions = 640" in line

    def test_is_one_table_a_template_over_all_its_plans(self) -> None:
        recording = recorded("sharded")
        raw = {f"{name}_report" for name in TEMPLATES}
        assert raw <= {t.inputs["name"] for t in recording.all(TABLE)}
        assert len(recording.exports["report_plans"]) == 20

    def test_hands_over_the_first_plan_of_each_template_whose_parts_the_others_are(self) -> None:
        recording = recorded("sharded")
        expected = {
            f"acme_{name}_report": Plan(template=name, account=ORGANIZATION, numbered=True)
            for name in TEMPLATES
        }
        assert handed_over(recording) == handed_over(recording, "curation") == expected
        (watch,) = [
            f
            for f in recording.all("aws:lambda/function:Function")
            if f.inputs["name"] == "acme-backup-reports-watch"
        ]
        watched = json.loads(watch.inputs["environment"]["variables"]["REPORT_PLANS"])
        assert sorted(watched) == sorted(plans(recording))

    def test_over_the_quota_of_report_plans_stops_with_the_arithmetic(self) -> None:
        over = with_invokes(management(regions=["eu-central-1"]), large(5, 160))
        with pytest.raises(
            pulumi.RunError,
            match=r"5 templates × 5 shards \+ 0 own plans \+ 0 that exist = 25 report plans; this "
            r"account may have 20: switch templates off",
        ):
            recorded_as(over)

    def test_under_a_raised_quota_is_deployed(self) -> None:
        raised = with_invokes(
            management(regions=["eu-central-1"], sharding={"report_plan_quota": 25}), large(5, 160)
        )
        assert len(plans(recorded_as(raised))) == 25

    def test_that_one_account_is_too_much_for_stops_with_the_arithmetic(self) -> None:
        heavy = management(regions=["eu-central-1"], sharding={"daily_volume": 100_000})
        assert len(plans(recorded_as(with_invokes(heavy, large(1, 1))))) == 5
        more = management(regions=["eu-central-1", "eu-west-1"], sharding={"daily_volume": 100_000})
        with pytest.raises(pulumi.RunError, match=r"one account is too much for a report plan"):
            recorded_as(with_invokes(more, large(1, 1)))


def test_a_variant_is_of_an_example_stack() -> None:
    for wanted in VARIANTS.values():
        assert wanted.case.own.keys() >= example(wanted.case.stack).own.keys()
