"""What is open after any sequence of alerts, against a model; storms, quiet periods, silence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.open_ticket.accounts import ForeignAccount
from handlers.open_ticket.events import Alert
from handlers.open_ticket.lookup import Looked
from handlers.open_ticket.messages import Message
from handlers.open_ticket.service_now import Incident, Unavailable
from handlers.open_ticket.settings import QuietPeriod, Storm, TicketSettings
from reports.correlation import backup_subject, deduplication_key
from tests.support.tickets_in_memory import START, Bureau, Instance
from tests.unit.handlers.test_open_ticket import event

ACME = TicketSettings(customer="acme", storm=None)
ACCOUNT, REGION = "333333333333", "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A backup that ended, as its event tells it; times in half seconds from a start."""

    job: int
    resource: str
    vault: str
    rule: str
    failed: bool
    ended: int | None
    told: int

    @property
    def body(self) -> str:
        made = event("backup-failed")
        made["time"] = (START + timedelta(seconds=self.told / 2)).isoformat()
        detail = made["detail"]
        detail |= {
            "state": "FAILED" if self.failed else "COMPLETED",
            "backupJobId": f"job {self.job}",
            "resourceArn": self.resource,
            "backupVaultName": self.vault,
        }
        if self.ended is not None:
            end = START + timedelta(seconds=self.ended / 2)
            detail["completionDate"] = end.isoformat()
        if self.rule:
            detail["createdBy"] = {"backupPlanId": "plan", "backupPlanRuleId": self.rule}
        return json.dumps(made)


def well(failures: Iterable[Told], successes: Sequence[Told]) -> bool:
    """The latest of each clock is a success, or there is no failure by it."""
    last = max((s.told if s.ended is None else s.ended for s in successes), default=-1)
    last_told = max((s.told for s in successes), default=-1)
    return all(f.told <= last_told if f.ended is None else f.ended <= last for f in failures)


def not_well(alerts: Iterable[Told]) -> list[str]:
    """Keys, each once."""
    told = list(alerts)
    found: list[str] = []
    for resource, vault, rule in product("ab", "xy", ("", "daily", "monthly")):
        here = [a for a in told if (a.resource, a.vault) == (resource, vault)]
        failures = [a for a in here if a.failed and a.rule == rule]
        successes = [a for a in here if not a.failed and (not rule or a.rule == rule)]
        if not well(failures, successes):
            subject = backup_subject(resource, vault, rule)
            found.append(deduplication_key("acme", "backup", ACCOUNT, REGION, subject))
    return sorted(found)


_ALERTS = st.lists(
    st.builds(
        Told,
        job=st.integers(0, 99),
        resource=st.sampled_from("ab"),
        vault=st.sampled_from("xy"),
        rule=st.sampled_from(["", "daily", "monthly"]),
        failed=st.booleans(),
        ended=st.none() | st.integers(0, 8),
        told=st.integers(0, 8).map(lambda second: second * 2),
    ),
    max_size=12,
    unique_by=lambda alert: (alert.job, alert.failed),
)


@given(st.data(), _ALERTS)
def test_what_is_open_in_the_end_is_what_is_not_well_in_any_order_and_however_often_told(
    data: st.DataObject, alerts: list[Told]
) -> None:
    bureau = Bureau(ACME)
    again = data.draw(st.lists(st.sampled_from(alerts), max_size=6)) if alerts else []
    for alert in data.draw(st.permutations([*alerts, *again])):
        bureau.take(alert.body)
        bureau.wait(seconds=data.draw(st.sampled_from([0, 1, 70])))
    bureau.finish()
    assert bureau.service_now.open == not_well(alerts)
    assert bureau.parked == []


@given(st.data(), _ALERTS)
def test_so_it_is_with_storms_whose_incident_stands_for_all_of_its_members(
    data: st.DataObject, alerts: list[Told]
) -> None:
    bureau = Bureau(replace(ACME, storm=Storm(resources=2, minutes=5)))
    for alert in data.draw(st.permutations(alerts)):
        bureau.take(alert.body)
        bureau.wait(seconds=data.draw(st.sampled_from([0, 1, 70, 400])))
    bureau.finish()
    wanted = not_well(alerts)
    single = [key for key in bureau.service_now.open if key in wanted]
    storms = [key for key in bureau.service_now.open if key not in wanted]
    assert len(single) == len(set(single))
    assert len(storms) <= 1
    grouped = [key for key in wanted if key not in single]
    assert bool(grouped) == bool(storms)
    for key in storms:
        members = bureau.dynamodb.items[key]
        assert all(each in members for each in grouped)


class Knows:
    """What accounts tell of their jobs."""

    def __init__(self, **looked: Looked) -> None:
        self.looked = looked
        self.asked: list[str] = []

    def of(self, alert: Alert) -> Looked | None:
        self.asked.append(alert.job_id)
        return self.looked.get(alert.job_id)


def backup(job: str, *, failed: bool, minute: int = 0, rule: str = "", plan: str = "p") -> str:
    told = json.loads(
        Told(job=0, resource="a", vault="x", rule=rule, failed=failed, ended=None,
             told=minute * 120).body
    )  # fmt: skip
    told["detail"] |= {"backupJobId": job}
    if rule:
        told["detail"]["createdBy"]["backupPlanId"] = plan
    return json.dumps(told)


def test_a_failure_that_names_no_rule_is_looked_up() -> None:
    looked = Looked(plan="p", rule="monthly", rule_name="every month")
    bureau = Bureau(ACME, Knows(one=looked))
    bureau.take(backup("one", failed=True))
    bureau.take(backup("two", failed=False, minute=1, rule="hourly"))
    assert len(bureau.service_now.open) == 1
    bureau.take(backup("three", failed=False, minute=2, rule="monthly"))
    assert bureau.service_now.open == []


def test_so_is_a_success_where_something_is_open_and_only_there() -> None:
    knows = Knows(two=Looked(plan="p", rule="monthly"))
    bureau = Bureau(ACME, knows)
    bureau.take(backup("zero", failed=False))
    assert knows.asked == []
    bureau.take(backup("one", failed=True, minute=1, rule="monthly"))
    bureau.take(backup("two", failed=False, minute=2))
    assert bureau.service_now.open == []
    knows.asked.clear()
    bureau.take(backup("three", failed=False, minute=3))
    bureau.take(backup("four", failed=False, minute=4))
    assert knows.asked == []


def test_a_rule_whose_id_has_changed_is_known_by_its_name() -> None:
    old = Looked(plan="p", rule="old id", rule_name="daily")
    new = Looked(plan="p", rule="new id", rule_name="daily")
    bureau = Bureau(ACME, Knows(one=old, two=new))
    bureau.take(backup("one", failed=True, rule="old id"))
    bureau.take(backup("two", failed=False, minute=1, rule="new id"))
    assert bureau.service_now.open == []


def test_a_backup_that_completed_with_issues_is_an_incident_until_one_has_none() -> None:
    monitoring = replace(ACME.monitoring, completed_with_issues=True)
    category = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED"
    knows = Knows(
        one=Looked(rule="daily", category=category), two=Looked(rule="daily", category="SUCCESS")
    )
    bureau = Bureau(replace(ACME, monitoring=monitoring), knows)
    bureau.take(backup("one", failed=False, rule="daily"))
    (fields,) = bureau.service_now.fields.values()
    assert category in fields["description"]
    bureau.take(backup("two", failed=False, minute=1, rule="daily"))
    assert bureau.service_now.open == []


def test_where_nothing_is_to_be_resolved_nothing_is() -> None:
    bureau = Bureau(replace(ACME, monitoring=replace(ACME.monitoring, resolve=False)))
    bureau.take(backup("one", failed=True))
    bureau.take(backup("two", failed=False, minute=1))
    assert len(bureau.service_now.open) == 1


def test_a_dead_letter_has_its_reason_and_no_other_attribute_of_its_way() -> None:
    bureau = Bureau(ACME)
    way = {"Tries": "4", "Since": "1", "Due": "1", "ERROR_MESSAGE": "x", "Replay": "one"}
    assert bureau.desk.take(Message(body="\0{", attributes=way), START).what == "parked"
    (letter,) = bureau.parked
    assert letter.attributes == {
        "Replay": "one",
        "Reason": "a message that is not JSON: '\\x00{'",
    }


def test_a_completed_job_that_changes_nothing_is_one_call() -> None:
    bureau = Bureau(ACME)
    bureau.take(backup("one", failed=False, rule="daily"))
    assert bureau.ledger_calls.calls == ["transact_write_items"]


def failures(count: int, message: str = "no space left on vol-0123456789abcdef0") -> list[str]:
    made: list[str] = []
    for n in range(count):
        told = event("backup-failed")
        told["detail"] |= {
            "backupJobId": f"job {n}",
            "resourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{n:017x}",
            "statusMessage": message.replace("0123", f"{n:04x}"),
        }
        made.append(json.dumps(told))
    return made


def completed(n: int) -> str:
    told = event("backup-completed")
    told["detail"] |= {
        "backupJobId": f"later {n}",
        "resourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{n:017x}",
    }
    return json.dumps(told)


STORMY = replace(ACME, storm=Storm(resources=5, minutes=15))


def test_a_storm_of_one_cause_is_one_incident_into_which_the_first_ones_are_closed() -> None:
    bureau = Bureau(STORMY)
    for body in failures(500):
        bureau.take(body)
    bureau.finish()
    (storm,) = (f for f in bureau.service_now.fields.values() if f["state"] in "123")
    closed = [f for f in bureau.service_now.fields.values() if f["state"] == "6"]
    assert len(closed) == 4
    assert {fields["close_code"] for fields in closed} == {"Duplicate"}
    assert "INC4" in closed[0]["close_notes"]
    assert f"{499:017x}"[-4:] in storm["work_notes"] or "500" in storm["work_notes"]
    assert len(bureau.service_now.calls) < 4 * 2 + 4 * 2 + 2 + 5


def test_it_ends_with_the_last_of_its_members() -> None:
    bureau = Bureau(STORMY)
    for body in failures(6):
        bureau.take(body)
    bureau.finish()
    for n in range(5):
        bureau.take(completed(n))
    assert len(bureau.service_now.open) == 1
    bureau.take(completed(5))
    bureau.finish()
    assert bureau.service_now.open == []


@pytest.mark.parametrize("apart", ["cause", "time"])
def test_what_has_another_cause_or_another_time_is_no_storm(apart: str) -> None:
    bureau = Bureau(STORMY)
    for n, body in enumerate(failures(5)):
        said = body.replace("no space left", f"no {'abcde'[n]} left") if apart == "cause" else body
        bureau.take(said)
        bureau.wait(minutes=4 if apart == "time" else 0)
    assert len(bureau.service_now.open) == 5


WINDOW = QuietPeriod(reason="patches", weekdays=("SUN",), start="05:00", end="07:00")


def test_a_failure_in_a_quiet_period_is_told_after_it_if_it_is_still_not_well() -> None:
    bureau = Bureau(replace(ACME, quiet_periods=[WINDOW]))  # it is Sunday, 06:00
    first, second = failures(2)
    bureau.take(first)
    bureau.take(second)
    bureau.take(completed(0))
    bureau.wait(minutes=59)
    assert bureau.service_now.calls == []
    bureau.wait(minutes=2)
    assert len(bureau.service_now.open) == 1


@pytest.mark.parametrize(
    "period",
    [
        replace(WINDOW, accounts=["222222222222"]),
        replace(WINDOW, regions=["eu-west-1"]),
        replace(WINDOW, resources=["arn:aws:rds:*"]),
        replace(WINDOW, weekdays=("SAT",)),
        replace(WINDOW, timezone="Asia/Tokyo"),
        QuietPeriod(reason="over", starts=START - timedelta(hours=2), ends=START),
    ],
)
def test_a_quiet_period_of_others_or_at_another_time_keeps_nothing_quiet(
    period: QuietPeriod,
) -> None:
    bureau = Bureau(replace(ACME, quiet_periods=[period]))
    bureau.take(failures(1)[0])
    assert len(bureau.service_now.open) == 1


def test_a_quiet_period_may_last_over_midnight() -> None:
    night = QuietPeriod(reason="night", weekdays=("SAT",), start="22:00", end="06:30")
    bureau = Bureau(replace(ACME, quiet_periods=[night]))
    bureau.take(failures(1)[0])
    assert bureau.service_now.open == []
    bureau.wait(minutes=31)
    assert len(bureau.service_now.open) == 1


class Acme:
    """An organization of one account."""

    def __init__(self) -> None:
        self.asked = 0

    def name_of(self, account: str) -> str:
        self.asked += 1
        if account != ACCOUNT:
            raise ForeignAccount(f"{account} is no account of the organization")
        return "acme-production"


def test_what_waited_on_purpose_was_not_kept_waiting() -> None:
    bureau = Bureau(replace(ACME, quiet_periods=[WINDOW]))
    bureau.take(failures(1)[0])
    bureau.wait(minutes=59)
    (message,) = bureau.waiting
    bureau.wait(minutes=2)
    assert int(message.attributes["Since"]) >= (START + timedelta(minutes=59)).timestamp()
    assert len(bureau.service_now.open) == 1


class Broken(Instance):
    def __init__(self, status: int) -> None:
        super().__init__()
        self._status = status

    def create_incident(self, fields: Mapping[str, str]) -> Incident:
        raise Unavailable(f"POST answered {self._status}", status=self._status)


@pytest.mark.parametrize(("status", "letters"), [(500, 1), (503, 0)])
def test_what_is_answered_500_for_more_than_a_day_is_parked_and_what_waits_for_an_outage_is_not(
    status: int, letters: int
) -> None:
    bureau = Bureau(ACME)
    bureau.service_now = Broken(status)
    bureau.take(failures(1)[0])
    bureau.wait(hours=23)
    assert bureau.parked == []
    bureau.wait(hours=2)
    reasons = [letter.attributes["Reason"] for letter in bureau.parked]
    assert reasons == [f"POST answered {status}"] * letters
    assert len(bureau.waiting) == 1 - letters


def test_a_message_that_comes_back_in_a_pause_costs_one_call() -> None:
    bureau = Bureau(ACME)

    def pause(seconds: int) -> None:
        until = int(bureau.now.timestamp()) + seconds
        bureau.dynamodb.items["pause"] = {"paused_until": {"N": str(until)}}

    pause(60)
    first, second = failures(2)
    bureau.take(first)
    (message,) = bureau.waiting
    bureau.now += timedelta(seconds=90)
    pause(600)  # another process's
    bureau.take(second)
    bureau.ledger_calls.calls.clear()
    assert bureau.desk.take(message, bureau.now).what == "waiting"
    assert bureau.ledger_calls.calls == ["update_item"]
    bureau.finish()
    assert len(bureau.service_now.open) == 2
    assert bureau.service_now.calls.count("POST") == 2


def test_an_event_of_a_foreign_account_is_parked_at_once_with_the_reason() -> None:
    bureau = Bureau(ACME, organization=Acme())
    foreign = failures(1)[0].replace(ACCOUNT, "999999999999")
    assert bureau.take(foreign).what == "parked"
    (letter,) = bureau.parked
    assert letter.body == foreign
    assert "999999999999 is no account" in letter.attributes["Reason"]
    assert bureau.service_now.calls == []


def test_the_organization_is_asked_once_a_day() -> None:
    organization = Acme()
    bureau = Bureau(ACME, organization=organization)
    for body in failures(3):
        bureau.take(body)
    assert organization.asked == 1
    bureau.wait(hours=25)
    bureau.take(completed(0))
    assert organization.asked == 2


@pytest.mark.parametrize("name", ["backup-failed", "copy-failed", "restore-failed"])
def test_the_documented_samples_open_an_incident_as_they_are(name: str) -> None:
    bureau = Bureau(ACME)
    bureau.take(json.dumps(event(name)))
    assert len(bureau.service_now.open) == 1
