"""What cannot be forwarded is told and exported, in each Region of every example stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stacks import load, names
from tests.support.alone import recorded_alone
from tests.support.examples import EXAMPLES, ROOT, Case, example, recordings
from tests.support.recorder import Recorded, Recording

ALARM, QUEUE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:sqs/queue:Queue"
BUS = {"alert_bus_arn": "arn:aws:events:eu-central-1:222222222222:event-bus/acme-backup-alerts"}
AUDIT: Mapping[str, Any] = {**BUS, "contracts": {"alerts": "1"}}


@pytest.fixture(params=EXAMPLES)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def recording(stack: str) -> Recording:
    return recordings()[stack]


def topic(region: str, name: str = "pager") -> str:
    return f"arn:aws:sns:{region}:333333333333:{name}"


def member_with(**own: Any) -> Recording:
    """An example member of which some values differ."""
    case = example("acme-member-payments")
    return Case(stack=case.stack, own={**case.own, **own}).run({"acme-audit": AUDIT})


def forwarding(recording: Recording, *, changes: bool = False) -> Mapping[str, Recorded]:
    """The rules that forward from default buses, by Region: the first, or that of changes."""
    return {
        rule.inputs["region"]: rule
        for rule in recording.all("aws:cloudwatch/eventRule:EventRule")
        if "components:AlertForwarding" in rule.parent
        and rule.inputs["name"].endswith("-changes") is changes
    }


def scheduled(
    recording: Recording, detail_type: str
) -> Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Schedules that put such an event, each with its entry of PutEvents, by Region."""
    found: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    for schedule in recording.all("aws:scheduler/schedule:Schedule"):
        if schedule.inputs["target"]["arn"].endswith(":aws-sdk:eventbridge:putEvents"):
            (entry,) = json.loads(schedule.inputs["target"]["input"])["Entries"]
            if entry["DetailType"] == detail_type:
                found[schedule.inputs["region"]] = (schedule.inputs, entry)
    return found


def test_each_dead_letter_queue_has_an_alarm_in_its_region(recording: Recording) -> None:
    watched = {
        (alarm.inputs.get("region"), alarm.inputs.get("dimensions", {}).get("QueueName"))
        for alarm in recording.all(ALARM)
    }
    queues = {
        (queue.inputs.get("region"), queue.inputs["name"])
        for queue in recording.all(QUEUE)
        if queue.inputs["name"].endswith("-dead-letters")
    }
    assert queues
    assert queues <= watched


def test_alarms_have_names_of_their_own_that_are_forwarded(
    stack: str, recording: Recording
) -> None:
    prefix = names.prefix(load.from_files(stack, ROOT))
    named = [(alarm.inputs.get("region"), alarm.inputs["name"]) for alarm in recording.all(ALARM)]
    assert len(set(named)) == len(named)
    assert all(name.startswith(f"{prefix}-") for _, name in named)


def test_each_stack_forwards_jobs_and_its_own_alarms_and_runbooks_once_a_region(
    stack: str, recording: Recording
) -> None:
    settings = load.from_files(stack, ROOT)
    rules = forwarding(recording)
    assert sorted(rules) == sorted(settings.alert_regions)
    for rule in rules.values():
        choices = json.loads(rule.inputs["eventPattern"])["$or"]
        assert {choice["source"][0] for choice in choices} == {
            "aws.backup",
            "backup-org",
            "aws.cloudwatch",
            "aws.ssm",
        }
        ours = [{"prefix": f"{names.prefix(settings)}-"}]
        (alarms,) = (c["detail"] for c in choices if c["source"] == ["aws.cloudwatch"])
        assert alarms["alarmName"] == ours
        assert [c["detail"]["Definition"] for c in choices if c["source"] == ["aws.ssm"]] == [
            ours,
            [f"{names.prefix(settings)}-{name}" for name in ("report", "drill", "drill-clean-up")],
        ]
    targets = [
        target
        for target in recording.all("aws:cloudwatch/eventTarget:EventTarget")
        if {rule.urn for rule in rules.values()} & set(target.sources["rule"])
    ]
    assert len(targets) == len(rules)
    # A dead letter is replayed to the tickets as it lies: it must be the event itself.
    assert not any({"input", "inputPath", "inputTransformer"} & set(t.inputs) for t in targets)


def test_each_stack_lets_the_ticket_function_ask_of_its_jobs_and_nobody_else(
    stack: str, recording: Recording
) -> None:
    settings = load.from_files(stack, ROOT)
    home = names.alerts_account(settings)
    (role,) = (
        each
        for each in recording.all("aws:iam/role:Role")
        if each.inputs["name"] == names.job_reader_role(settings)
    )
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::{home}:root"}
    function = names.role_arn(settings, home, names.ticket_function(settings))
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [function]}}


def test_changes_by_the_deploy_role_or_by_what_stacks_have_made_are_no_news() -> None:
    for rule in forwarding(recordings()["acme-member-payments"], changes=True).values():
        identity = json.loads(rule.inputs["eventPattern"])["detail"]["userIdentity"]
        assert identity["sessionContext"]["sessionIssuer"]["arn"][1]["anything-but"] == {
            "wildcard": [
                f"arn:aws:iam::333333333333:role/{name}"
                for name in ("OrganizationAccountAccessRole", "acme-backup-*", "aws-service-role/*")
            ]
        }
    assert forwarding(recordings()["globex-management"], changes=True) == {}


def test_the_alarm_of_missing_reports_has_the_name_by_which_a_pattern_passes_it_over(
    stack: str, recording: Recording
) -> None:
    named = {alarm.inputs["name"] for alarm in recording.all(ALARM)}
    missing = {name for name in named if name.endswith("-missing")}
    assert missing <= {names.missing_reports_alarm(load.from_files(stack, ROOT))}


def test_the_queues_of_what_was_not_forwarded_are_exported_by_region(
    stack: str, recording: Recording
) -> None:
    exported = recording.exports["alert_dead_letters"]
    assert sorted(exported) == sorted(load.from_files(stack, ROOT).alert_regions)
    urls = {queue.state["url"] for queue in recording.all(QUEUE)}
    assert set(exported.values()) <= urls
    assert len(set(exported.values())) == len(exported)


def test_the_bus_takes_what_rules_forward_to_it_and_nothing_else() -> None:
    case = example("acme-audit")
    recording = Case(stack=case.stack, own={**case.own, "monitoring": {"changes": True}}).run({})
    policy = recording.one("aws:cloudwatch/eventBusPolicy:EventBusPolicy").inputs["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Condition"]["StringEquals"].keys() == {"aws:PrincipalOrgID"}
    taken = statement["Condition"]["ForAllValues:StringEquals"]
    (rule,), (changes,) = (forwarding(recording, changes=each).values() for each in (False, True))
    choices = [
        *json.loads(rule.inputs["eventPattern"])["$or"],
        json.loads(changes.inputs["eventPattern"]),
    ]
    for field in ("source", "detail-type"):
        assert set(taken[f"events:{field}"]) == {text for one in choices for text in one[field]}


def test_a_queue_that_nobody_works_off_and_alerts_that_wait_have_alarms() -> None:
    topics = [topic("eu-central-1")]
    case = example("acme-audit")
    made = Case(stack=case.stack, own={**case.own, "alarm_topics": topics}).run({})
    alarms = {alarm.inputs["metricName"]: alarm.inputs for alarm in made.all(ALARM)}
    for metric in ("ApproximateAgeOfOldestMessage", "WaitSeconds"):
        assert alarms[metric]["threshold"] == 3600
        assert alarms[metric]["alarmActions"] == topics
    assert alarms["WaitSeconds"]["dimensions"] == {"service": "open_ticket"}


@pytest.mark.parametrize(
    ("name", "asks"),
    [("hooli-audit", True), ("globex-management", True), ("acme-audit", False)],
)
def test_the_function_asks_the_organization_where_it_may(name: str, asks: bool) -> None:
    """acme's audit account is no delegated administrator: its management account has reports."""
    made = recordings()[name]
    function = next(
        f for f in made.all("aws:lambda/function:Function") if f.inputs["name"].endswith("-tickets")
    )
    assert ("ASKS_ORGANIZATION" in function.inputs["environment"]["variables"]) is asks
    policies = [json.loads(p.inputs["policy"]) for p in made.all("aws:iam/rolePolicy:RolePolicy")]
    asked = [
        statement["Resource"]
        for policy in policies
        for statement in policy["Statement"]
        if "organizations:DescribeAccount" in statement["Action"]
    ]
    central = load.from_files(name, ROOT).organization.management_account
    arn = f"arn:aws:organizations::{central}:account/o-exampleorg1/*"
    assert asked == ([[arn]] if asks else [])


def test_a_central_account_forwards_from_all_of_its_regions() -> None:
    case = example("globex-management")
    made = Case(stack=case.stack, own={**case.own, "regions": ["eu-west-1", "eu-north-1"]}).run({})
    assert sorted(forwarding(made)) == ["eu-north-1", "eu-west-1"]
    assert sorted(scheduled(made, "Heartbeat")) == ["eu-north-1", "eu-west-1"]


def test_each_region_has_a_heartbeat_that_says_whose_it_is(
    stack: str, recording: Recording
) -> None:
    settings = load.from_files(stack, ROOT)
    beats = scheduled(recording, "Heartbeat")
    assert sorted(beats) == sorted(settings.alert_regions)
    assert {schedule["scheduleExpression"] for schedule, _ in beats.values()} == {"rate(6 hours)"}
    for _, entry in beats.values():
        assert entry["Source"] == "backup-org"
        assert json.loads(entry["Detail"])["stack"] == stack
    looks = scheduled(recording, "Daily Look")
    has_ticketing = "ticketing" in recording.exports["contracts"]
    assert sorted(looks) == ([settings.region] if has_ticketing else [])


def test_a_schedules_role_may_put_its_own_event_alone(recording: Recording) -> None:
    for role in recording.all("aws:iam/rolePolicy:RolePolicy"):
        if "components:ScheduledEvent" in role.parent:
            (statement,) = json.loads(role.inputs["policy"])["Statement"]
            assert statement["Action"] == ["events:PutEvents"]
            assert statement["Condition"]["StringEquals"].keys() == {
                "events:source",
                "events:detail-type",
            }


def test_without_a_heartbeat_nobody_is_asked_for_one() -> None:
    assert scheduled(member_with(monitoring={"heartbeat": False}), "Heartbeat") == {}


def test_an_alarm_tells_the_topics_of_its_region_alone() -> None:
    topics = [topic("eu-central-1"), topic("eu-west-1"), topic("eu-west-1", "mail")]
    made = member_with(alarm_topics=topics)
    heard = {"eu-central-1": topics[:1], "eu-west-1": topics[1:]}
    alarms = made.all(ALARM)
    assert {alarm.inputs["region"] for alarm in alarms} == heard.keys()
    for alarm in alarms:
        expected = heard[alarm.inputs["region"]]
        assert (alarm.inputs["alarmActions"], alarm.inputs["okActions"]) == (expected, expected)


def test_a_member_forwards_from_the_region_of_its_reports_too() -> None:
    made = member_with(
        regions=["eu-west-1"],
        reports={"scope": "account"},
        alarm_topics=[topic("eu-central-1"), topic("eu-west-1")],
    )
    assert sorted(forwarding(made)) == ["eu-central-1", "eu-west-1"]
    for alarm in made.all(ALARM):
        assert alarm.inputs["alarmActions"] == [topic(alarm.inputs.get("region", "eu-central-1"))]


def test_a_member_of_no_organization_has_all_of_the_way_inside_it() -> None:
    made = recorded_alone()
    assert made.references == ()
    assert made.exports["contracts"].keys() >= {"alerts", "forwarding", "ticketing"}
    assert made.all("aws:cloudwatch/eventBusPolicy:EventBusPolicy") == []
    bus = made.one("aws:cloudwatch/eventBus:EventBus")
    targets = made.all("aws:cloudwatch/eventTarget:EventTarget")
    forwarded = [t for t in targets if t.inputs["arn"] == bus.state["arn"]]
    assert {t.inputs["region"] for t in forwarded} == {"eu-central-1", "eu-west-1"}


def test_a_customer_may_have_the_published_names() -> None:
    recording = recordings()["initech-management"]
    assert "COS-AWS-Backup-Monitoring" in {r.inputs["name"] for r in forwarding(recording).values()}
    functions = {f.inputs["name"] for f in recording.all("aws:lambda/function:Function")}
    assert "COS-Lambda-SNOW-Listener" in functions
    assert [name for name in functions if not name.startswith("COS-")] == []
