"""What incidents say: fields, texts, priorities, and what to look at first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.open_ticket import events, facts, wording
from handlers.open_ticket.events import Alert
from handlers.open_ticket.first_look import first_look
from handlers.open_ticket.lookup import Looked
from handlers.open_ticket.settings import ConfigurationItem, Priority, Texts, TicketSettings
from reports.ticket_facts import FACTS

VOLUMES = "arn:aws:ec2:eu-central-1:333333333333:volume"
EVENTS = Path(__file__).parent / "events"
SETTINGS = TicketSettings(
    customer="acme",
    plan_prefix="acme-backup-",
    assignment_group="Backup Operations",
    caller="backup.monitor",
    fields={"u_service": "data protection"},
    priorities=[
        Priority(kinds=["malware"], urgency="1", impact="1"),
        Priority(kinds=["backup"], tiers=["gold"], urgency="1", impact="2"),
        Priority(tiers=["bronze"], urgency="3", impact="3"),
    ],
)
LOOKED = Looked(
    plan="414a5bd4-f880-47ad-95f3-f085108a4c3b",
    plan_name="acme-backup-gold",
    rule_name="daily",
    resource_name="orders-data",
    tags={"ci": "SRV-0815"},
)
TOLD_OF = [
    path.stem
    for path in sorted(EVENTS.glob("*.json"))
    if path.stem
    not in {"heartbeat", "daily-look", "backup-running", "scan-clean", "change-refused"}
]


def alert(name: str, **changed: Any) -> Alert:
    return replace(events.read_alert(json.loads((EVENTS / f"{name}.json").read_text())), **changed)


def opened(job: Alert, settings: TicketSettings = SETTINGS, **more: Any) -> dict[str, str]:
    return wording.incident_fields(job, settings, LOOKED, account_name="payments", **more)


def test_a_headline_says_whose_it_is_what_happened_to_what_and_where() -> None:
    assert opened(alert("backup-failed"))["short_description"].startswith(
        "acme payments: backup failed: EBS orders-data (vol-0a1b2c3d4e5f60718) in eu-central-1: "
    )
    unknown = wording.incident_fields(alert("backup-failed"), SETTINGS)
    assert unknown["short_description"].startswith(
        "acme 333333333333: backup failed: EBS vol-0a1b2c3d4e5f60718 in eu-central-1: "
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("copy-aborted", "copy aborted: EC2"),
        ("scan-threats-found", "malware scan: threats found: EBS"),
        ("change-by-person", "changed outside deployment: backup vault"),
        ("change-by-root", "changed outside deployment: settings"),
        ("alarm-goes-off", "alarm goes off: CloudWatch alarm acme-backup-alerts-dead-letters"),
        ("runbook-failed", "runbook failed: Automation runbook acme-backup-linux-nightly"),
    ],
)
def test_each_kind_has_its_words(name: str, said: str) -> None:
    headline = wording.incident_fields(alert(name), SETTINGS)["short_description"]
    assert headline.startswith(f"acme 333333333333: {said}")


def test_a_change_says_who_made_it_and_from_where() -> None:
    described = opened(alert("change-by-user"))["description"]
    assert (
        "DeleteRecoveryPoint was called by arn:aws:iam::333333333333:user/anna from 198.51.100.7"
    ) in described
    assert "snapshot/snap-0f1d966fe0a1b2c3d" in described
    assert (
        "called by arn:aws:iam::333333333333:root" in opened(alert("change-by-root"))["description"]
    )


@pytest.mark.parametrize("name", TOLD_OF)
def test_every_event_that_is_told_has_texts_that_fit_and_say_where_to_look(name: str) -> None:
    job = alert(name)
    fields = opened(job)
    assert 0 < len(fields["short_description"]) <= 160
    assert len(fields["description"]) <= 4000
    assert "None" not in fields["description"]
    assert bool(first_look(job)) is job.failed
    assert facts.facts_of(job, SETTINGS, LOOKED, "").keys() == FACTS.keys() - {"count", "lasted"}


def test_a_description_has_every_fact_and_the_message_last() -> None:
    job = alert("backup-failed")
    described = opened(job)["description"]
    for line in (
        "Account: payments (333333333333)",
        f"Resource: {job.resource}",
        f"Vault: {job.vault}",
        "Plan: acme-backup-gold",
        "Rule: daily",
        f"Job: {job.job_id}",
        "Console: https://eu-central-1.console.aws.amazon.com/backup/home?region=eu-central-1#/jobs",
        f"Command: aws backup describe-backup-job --backup-job-id {job.job_id} "
        "--region eu-central-1",
    ):
        assert f"{line}\n" in described
    assert described.endswith(f"Message: {job.message}")


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/backup/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/backup/"),
    ],
)
def test_the_console_is_that_of_the_regions_partition(region: str, console: str) -> None:
    assert console in opened(alert("backup-failed", region=region))["description"]


def test_urgency_and_impact_are_of_the_first_row_that_fits() -> None:
    def level(name: str, plan: str) -> tuple[str, str]:
        looked = replace(LOOKED, plan_name=plan)
        fields = wording.incident_fields(alert(name), SETTINGS, looked)
        return fields["urgency"], fields["impact"]

    assert level("backup-failed", "acme-backup-gold") == ("1", "2")
    assert level("copy-failed", "acme-backup-gold") == ("2", "2")
    assert level("copy-failed", "acme-backup-bronze") == ("3", "3")
    assert level("copy-failed", "bronze") == ("2", "2")  # a plan of others
    assert level("backup-failed", "") == ("2", "2")
    assert level("scan-failed", "acme-backup-bronze") == ("1", "1")
    assert level("ticket-test", "acme-backup-gold") == ("3", "3")


def test_fields_are_those_of_settings_and_empty_ones_are_left_out() -> None:
    fields = opened(alert("backup-failed"), configuration_item="a sys_id")
    assert fields["assignment_group"] == "Backup Operations"
    assert (fields["caller_id"], fields["cmdb_ci"]) == ("backup.monitor", "a sys_id")
    assert fields["u_service"] == "data protection"
    assert "priority" not in fields  # the platform computes it from urgency and impact
    bare = wording.incident_fields(alert("backup-failed"), TicketSettings(customer="acme"))
    assert not {"assignment_group", "caller_id", "cmdb_ci"} & bare.keys()


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (
            ConfigurationItem(by="arn"),
            "arn:aws:ec2:eu-central-1:333333333333:volume/vol-0a1b2c3d4e5f60718",
        ),
        (ConfigurationItem(), "vol-0a1b2c3d4e5f60718"),
        (ConfigurationItem(by="tag", tag="ci", table="cmdb_ci_server", field="name"), "SRV-0815"),
    ],
)
def test_the_configuration_item_is_sought_as_settings_say(
    item: ConfigurationItem, value: str
) -> None:
    settings = replace(SETTINGS, configuration_item=item)
    assert wording.sought_item(alert("backup-failed"), settings, LOOKED) == (
        item.table,
        item.field,
        value,
    )


def test_no_configuration_item_is_sought_of_what_nobody_knows() -> None:
    by_tag = replace(SETTINGS, configuration_item=ConfigurationItem(by="tag", tag="other"))
    by_arn = replace(SETTINGS, configuration_item=ConfigurationItem(by="id"))
    assert wording.sought_item(alert("backup-failed"), SETTINGS) is None
    assert wording.sought_item(alert("backup-failed"), by_tag, LOOKED) is None
    assert wording.sought_item(alert("restore-failed"), by_arn) is None


def test_texts_may_be_the_customers_own() -> None:
    texts = Texts(
        short_description="{customer}/{account_name} {what} {{{resource_name}}}",
        work_notes="{count} times: {message}",
        close_notes="after {lasted}{count}",
    )
    settings, job = replace(SETTINGS, texts=texts), alert("backup-failed")
    assert opened(job, settings)["short_description"] == (
        "acme/payments backup failed {orders-data}"
    )
    noted = wording.note_fields(job, settings, LOOKED, 3)
    assert noted == {"work_notes": f"3 times: {job.message}"}
    since = job.time - timedelta(hours=27, minutes=4)
    resolved = wording.resolution_fields(alert("backup-aborted"), settings, since=since)
    assert resolved["close_notes"].startswith("after 1 day")


def test_a_note_says_how_often_it_failed_and_what_was_one_too_many() -> None:
    job = alert("backup-failed")
    noted = wording.note_fields(job, SETTINGS, LOOKED, 7, ["INC0000002"])["work_notes"]
    assert noted.startswith("Again (7 times by now): acme 333333333333: backup failed")
    assert "One incident too many was resolved: INC0000002\n" in noted
    assert f"Job: {job.job_id}\n" in noted


def test_a_resolution_says_what_made_it_good_and_how_long_it_lasted() -> None:
    job = alert("backup-completed")
    fields = wording.resolution_fields(job, SETTINGS, since=job.time - timedelta(hours=26))
    assert (fields["state"], fields["close_code"]) == ("6", SETTINGS.close_code)
    assert fields["close_notes"].startswith("Good again: acme 333333333333: backup completed")
    assert "It was not well for 1 day 2 hours." in fields["close_notes"]
    assert f"Job: {job.job_id}\n" in fields["close_notes"]


@pytest.mark.parametrize(
    ("lasted", "said"),
    [
        ({"seconds": 59}, "less than a minute"),
        ({"minutes": 61}, "1 hour 1 minute"),
        ({"days": 2}, "2 days"),
        ({"days": 1, "hours": 2, "minutes": 3}, "1 day 2 hours"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(lasted: Any, said: str) -> None:
    assert wording.duration(timedelta(**lasted)) == said


def test_a_group_lists_its_resources() -> None:
    arns = [f"arn:aws:ec2:eu-central-1:333333333333:volume/vol-{n:04}" for n in range(100)]
    fields = wording.group_fields(alert("backup-failed"), SETTINGS, arns, account_name="payments")
    assert fields["short_description"].startswith(
        "acme payments: backup failed for 100 resources in eu-central-1: "
    )
    assert f"Resources (100):\n{arns[0]}\n" in fields["description"]
    assert len(fields["description"]) == 4000
    assert alert("backup-failed").resource not in fields["description"]
    noted = wording.note_fields(alert("backup-failed"), SETTINGS, resources=arns[:2])
    assert noted["work_notes"].endswith(f"Resources (2):\n{arns[0]}\n{arns[1]}")


@pytest.mark.parametrize("field", ["description", "work_notes", "close_notes"])
def test_a_long_message_is_cut_and_costs_no_other_fact(field: str) -> None:
    job = alert("backup-failed", message="é" * 50_000)
    text = {
        **opened(job),
        **wording.note_fields(job, SETTINGS),
        **wording.resolution_fields(job, SETTINGS),
    }[field]
    assert len(text) == 4000
    assert text.endswith("é…")
    assert all(fact in text for fact in (job.job_id, "333333333333", facts.utc(job.time)))


def test_a_message_that_fits_is_whole() -> None:
    short = alert("backup-failed", message="x" * 300)
    room = 4000 - len(opened(short)["description"]) + 300
    whole = opened(replace(short, message="x" * room))["description"]
    assert whole.endswith(f"Message: {'x' * room}")


def test_long_names_are_cut_from_the_headline_and_told_in_the_description() -> None:
    name = "x" * 300
    job = alert("backup-failed", resource=f"arn:aws:s3:::{name}")
    fields = wording.incident_fields(job, SETTINGS, account_name="y" * 80)
    headline = fields["short_description"]
    assert f"{'y' * 49}…: backup failed: EBS {'x' * 49}… in eu-central-1" in headline
    assert len(headline) == 160
    assert f"Resource: arn:aws:s3:::{name}\n" in fields["description"]


def test_what_settings_call_an_account_goes_before_all_else() -> None:
    settings = replace(SETTINGS, account_names={"333333333333": "Payments (prod)"})
    assert opened(alert("backup-failed"), settings)["short_description"].startswith(
        "acme Payments (prod): "
    )


@pytest.mark.parametrize(
    ("name", "message", "look"),
    [
        ("backup-failed", "Access Denied trying to call AWS Backup service", "the job's role"),
        ("backup-failed", "The source snapshot KMS key does not exist", "the key: is it enabled"),
        ("backup-failed", "vault arn:x does not exist.", "whether the vault and the resource"),
        ("backup-expired", "there was a running job for the same resource.", "the other job"),
        ("backup-expired", "", "why it did not start in its window"),
        ("copy-failed", "Both must be a member of the same organization", "whether both accounts"),
        ("copy-failed", "", "the destination vault's policy"),
        ("backup-failed", "Retention is outside of the vault lock range", "the retention of the"),
        ("backup-aborted", "Backup job was stopped by user.", "who stopped it"),
    ],
)
def test_the_commonest_causes_are_told_by_what_aws_says(name: str, message: str, look: str) -> None:
    assert first_look(alert(name, message=message)).startswith(look)


def test_an_air_gapped_vault_that_could_not_be_filled_is_told_in_words_of_its_own() -> None:
    category = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED"
    told = events.issues_of(alert("backup-completed"), category, "")
    assert told.failed
    fields = opened(told)
    assert "backup completed with issues: EBS orders-data" in fields["short_description"]
    assert "the backup is in the standard vault" in fields["description"]
    assert category in fields["description"]
    assert not events.issues_of(alert("backup-completed"), "SUCCESS", "").failed


@pytest.mark.parametrize("name", ["scan-clean", "change-refused", "backup-running"])
def test_what_found_or_changed_nothing_or_has_not_ended_is_no_alert(name: str) -> None:
    with pytest.raises(events.UnrecognisedEvent):
        alert(name)


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"type": "AWSService", "invokedBy": "backup.amazonaws.com"}, "backup.amazonaws.com"),
        ({"type": "AWSAccount", "accountId": "444444444444"}, "444444444444"),
        (None, "an identity that CloudTrail does not name"),
    ],
)
def test_an_identity_without_arn_is_told_as_well_as_cloudtrail_knows_it(
    identity: object, said: str
) -> None:
    told = json.loads((EVENTS / "change-by-user.json").read_text())
    told["detail"] |= {"userIdentity": identity, "requestParameters": None}
    job = events.read_alert(told)
    assert f"called by {said} from" in job.message
    assert job.resource.endswith(":api-call:DeleteRecoveryPoint")
