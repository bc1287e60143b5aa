"""Which report plans stand, on what and whose, by what settings say."""

from __future__ import annotations

import json

import pulumi
import pytest

from reports.plans import ORGANIZATION, Plan
from reports.templates import TEMPLATES
from tests.stack.conftest import TABLE, buckets, columns, functions, handed_over, plans, scope
from tests.support.examples import recordings
from tests.support.report_variants import (
    UNITS,
    large,
    management,
    recorded,
    recorded_as,
    with_invokes,
)


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


class TestOneAccount:
    @pytest.mark.parametrize("function", ["partitions", "curation"])
    def test_hands_over_its_id_which_its_reports_keys_have(self, function: str) -> None:
        recording = recorded_as(management(scope="account"))
        of_them = handed_over(recording, function).values()
        assert {(plan.account, plan.numbered) for plan in of_them} == {("111111111111", False)}
        assert {plan["account"] for plan in recording.exports["report_plans"].values()} == {
            "111111111111"
        }


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
        own = {"own_jobs", "own_controls"}
        assert plans(recording).keys() == own | {f"acme_{name}_report" for name in TEMPLATES}
        assert not own & recording.exports["report_plans"].keys()

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
        assert recording.exports["contracts"].keys() >= {"protection", "reports"}


class TestALargeOrganization:
    def test_is_spread_over_numbered_plans_that_cover_each_unit_once(self) -> None:
        """4 units of 800 accounts of 100 jobs and evaluations a day: a plan is given one unit."""
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
        assert "4 report plans a template: 3200 accounts (3200 × 100 assumed) = 320000" in line

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
        assert watched == {f"acme_{name}_report": 4 for name in TEMPLATES}

    def test_over_the_quota_of_report_plans_stops_with_the_arithmetic(self) -> None:
        over = with_invokes(management(), large(5, 800))
        with pytest.raises(
            pulumi.RunError,
            match=r"5 templates × 5 shards \+ 0 own plans \+ 0 that exist = 25 report plans; this "
            r"account may have 20: have AWS raise the quota",
        ):
            recorded_as(over)

    def test_under_a_raised_quota_is_deployed(self) -> None:
        raised = with_invokes(management(sharding={"report_plan_quota": 25}), large(5, 800))
        assert len(plans(recorded_as(raised))) == 25

    def test_that_one_account_is_too_much_for_stops_with_the_arithmetic(self) -> None:
        one_region = {"accounts_times_regions": 1}
        heavy = management(regions=["eu-central-1"], sharding=one_region)
        assert len(plans(recorded_as(with_invokes(heavy, large(1, 1))))) == 5
        more = management(regions=["eu-central-1", "eu-west-1"], sharding=one_region)
        with pytest.raises(pulumi.RunError, match=r"one account is too much for a report plan"):
            recorded_as(with_invokes(more, large(1, 1)))

    def test_of_an_account_that_may_not_list_the_organization_stops_with_the_cure(self) -> None:
        told = {"id": "o-exampleorg1", "accounts": None, "roots": None}
        unlisted = {"aws:organizations/getOrganization:getOrganization": told}
        with pytest.raises(pulumi.RunError, match="make it AWS Backup's delegated administrator"):
            recorded_as(with_invokes(management(), unlisted))
