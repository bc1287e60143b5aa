"""From a queue's messages to incidents: the function against ServiceNow's stand-in."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
import urllib3
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from moto import mock_aws

from aws_sandbox.servicenow import Credentials, Fault, RateLimit, ServiceNow
from aws_sandbox.servicenow.http import Answer, ApiRequest, HttpServer, json_answer
from handlers.open_ticket import app, service_now

EVENTS = Path(__file__).parent / "events"
REGION = "eu-central-1"
SECRET, TABLE = "backup-org/servicenow", "ledger"
BASIC = {"username": "backup.monitor", "password": "sandbox"}
OAUTH = {"client_id": "backup", "client_secret": "of backup"}
API_KEY = {"api_key": "key of backup"}
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r"
)
ACCEPTED = Credentials(
    users={BASIC["username"]: BASIC["password"]},
    clients={OAUTH["client_id"]: OAUTH["client_secret"]},
    api_keys={API_KEY["api_key"]: BASIC["username"]},
)

# A run without a job that was filed has no metrics to tell, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")

# One of each for all tests: what takes the time is making a client.
_client = cache(cast(Any, boto3.Session("testing", "testing", region_name=REGION)).client)


class Bench:
    """The function as one process has it, between an AWS in this process and the stand-in."""

    def __init__(self, start: Callable[..., ServiceNow], monkeypatch: pytest.MonkeyPatch) -> None:
        self._start = start
        self._env = monkeypatch.setenv
        self.secrets = _client("secretsmanager")
        self.secrets.create_secret(Name=SECRET, SecretString=json.dumps(BASIC))
        _client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "correlation_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "correlation_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.use(start(ACCEPTED))

    def use(self, service: ServiceNow) -> ServiceNow:
        self.service = service
        self._env("SERVICE_NOW_URL", service.url)
        self.forget()
        return service

    def instance(self, *, rate_limit: RateLimit | None = None) -> ServiceNow:
        """Another instance than the one that other tests use as well."""
        return self.use(self._start(ACCEPTED, rate_limit=rate_limit))

    def forget(self) -> None:
        """As a process that starts."""
        process = cast(Any, app)
        process._desk.cache_clear()
        process._secret.cache_clear()
        process._client.cache_clear()

    def keep(self, secret: object) -> None:
        """Changes the secret; a process finds it out when it next reads it."""
        text = secret if isinstance(secret, str) else json.dumps(secret)
        self.secrets.put_secret_value(SecretId=SECRET, SecretString=text)

    def __call__(self, *messages: object) -> Sequence[str]:
        """Hands a batch over; the ids of the messages that are to be tried again."""
        bodies = [m if isinstance(m, str) else json.dumps(m) for m in messages]
        records = [
            {"messageId": f"m-{n}", "body": body, "eventSource": "aws:sqs"}
            for n, body in enumerate(bodies)
        ]
        answer = app.handler({"Records": records}, cast(Any, CONTEXT))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def fails(self, *messages: object) -> str:
        """Hands a batch over of which every message fails: why."""
        with pytest.raises(BatchProcessingError) as caught:
            self(*messages)
        return str(caught.value)

    def states(self) -> list[str]:
        return [incident["state"] for incident in self.service.incidents()]

    def notes(self) -> int:
        """How often a work note was added."""
        requests = [r["method"] for r in self.service.requests() if r["status"] == 200]
        return requests.count("PATCH") - self.states().count("6")

    def asked(self) -> list[tuple[object, object]]:
        return [(request["method"], request["status"]) for request in self.service.requests()]


@pytest.fixture(scope="module")
def shared() -> Iterator[ServiceNow]:
    service = ServiceNow(ACCEPTED).start()
    yield service
    service.stop()


@pytest.fixture
def bench(shared: ServiceNow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    started: list[ServiceNow] = []

    def start(credentials: Credentials, *, rate_limit: RateLimit | None = None) -> ServiceNow:
        if rate_limit is None:
            shared.clear()
            return shared
        started.append(ServiceNow(credentials, rate_limit=rate_limit).start())
        return started[-1]

    for name, value in {
        "CUSTOMER": "acme",
        "SERVICE_NOW_SECRET": SECRET,
        "LEDGER_TABLE": TABLE,
        "LEASE_SECONDS": "75",
        "ASSIGNMENT_GROUP": "Backup Operations",
        "URGENCY": "2",
        "IMPACT": "1",
        "CLOSE_CODE": "Resolved by request",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(app, "boto3", SimpleNamespace(client=_client))
    with mock_aws():
        yield Bench(start, monkeypatch)
    for service in started:
        service.stop()


def event(name: str, *, day: int = 21, **detail: Any) -> dict[str, Any]:
    told = json.loads((EVENTS / f"{name}.json").read_text())
    told["time"] = f"2026-11-{day}T20:15:26Z"
    told["detail"].pop("completionDate", None)
    told["detail"] |= detail
    return told


FAILED = event("backup-failed")
COMPLETED = event("backup-completed", day=22)
FAILED_AGAIN = event("backup-failed", day=23, backupJobId="third night")


def test_a_job_fails_completes_and_fails_again(bench: Bench) -> None:
    assert bench(FAILED) == []
    (incident,) = bench.service.incidents()
    assert incident["state"] == "1"
    assert incident["short_description"] == (
        "AWS Backup: backup failed for volume/vol-0a1b2c3d4e5f60718 in 333333333333"
    )
    assert (incident["urgency"], incident["impact"], incident["priority"]) == ("2", "1", "2")
    assert bench(COMPLETED) == []
    (resolved,) = bench.service.incidents()
    assert (resolved["number"], resolved["state"]) == (incident["number"], "6")
    assert resolved["close_code"] == "Resolved by request"
    assert bench(FAILED_AGAIN) == []
    assert bench.states() == ["6", "1"]


def test_a_second_failure_is_a_note_and_the_same_event_twice_is_nothing(bench: Bench) -> None:
    again = event("backup-failed", day=22, backupJobId="second night")
    bench(FAILED, again, FAILED, again)
    assert bench.states() == ["1"]
    assert bench.notes() == 1


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "ABORTED", "PARTIAL"])
def test_each_bad_end_opens_an_incident(bench: Bench, state: str) -> None:
    assert bench(event("backup-failed", state=state)) == []
    assert bench.states() == ["1"]


def test_service_now_is_not_asked_about_a_job_that_completes_as_it_should(bench: Bench) -> None:
    assert bench(COMPLETED, event("backup-completed", day=23, backupJobId="2")) == []
    assert bench.asked() == []


def test_a_failure_that_comes_late_opens_nothing_where_a_later_job_resolved_it(
    bench: Bench,
) -> None:
    bench(FAILED, event("backup-completed", day=23))
    assert bench(event("backup-failed", day=22, backupJobId="second night")) == []
    assert bench.states() == ["6"]


def test_an_incident_that_somebody_resolved_stays_as_it_is_and_a_failure_opens_another(
    bench: Bench,
) -> None:
    bench(FAILED)
    client = service_now.ServiceNow(bench.service.url, service_now.Credentials(BASIC))
    (incident,) = bench.service.incidents()
    closing = {"state": "6", "close_code": "Solution provided", "close_notes": "by hand"}
    client.update_incident(incident["sys_id"], closing)
    assert bench(COMPLETED) == []
    (untouched,) = bench.service.incidents()
    assert untouched["close_notes"] == "by hand"
    assert bench(FAILED_AGAIN) == []
    assert bench.states() == ["6", "1"]


@pytest.mark.parametrize("state", ["6", "7", "8"])
def test_what_is_resolved_closed_or_cancelled_is_not_open(bench: Bench, state: str) -> None:
    client = service_now.ServiceNow(bench.service.url, service_now.Credentials(BASIC))
    client.create_incident({"correlation_id": "an id", "short_description": "x"})
    (incident,) = bench.service.incidents()
    assert client.open_incident("an id") == incident["sys_id"]
    assert client.open_incident("another id") is None
    closing = {"state": state, "close_code": "Solution provided", "close_notes": "by hand"}
    client.update_incident(incident["sys_id"], closing)
    assert client.open_incident("an id") is None


def test_an_alarm_that_goes_off_is_an_incident_until_it_is_over(bench: Bench) -> None:
    def alarm(value: str, day: int) -> dict[str, Any]:
        return {
            "detail-type": "CloudWatch Alarm State Change",
            "id": f"event {day}",
            "account": "222222222222",
            "region": REGION,
            "time": f"2026-11-{day}T20:15:26Z",
            "resources": [f"arn:aws:cloudwatch:{REGION}:222222222222:alarm:acme-backup-x"],
            "detail": {
                "alarmName": "acme-backup-x",
                "state": {"value": value, "reason": "1 of 1 datapoints was over 0"},
            },
        }

    bench(alarm("ALARM", 21))
    (incident,) = bench.service.incidents()
    assert incident["short_description"] == "AWS Backup: acme-backup-x in 222222222222 goes off"
    assert "1 of 1 datapoints was over 0" in incident["description"]
    bench(alarm("OK", 22))
    assert bench.states() == ["6"]


@pytest.mark.parametrize("secret", [BASIC, OAUTH, API_KEY], ids=["basic", "oauth", "api key"])
def test_each_form_of_secret_opens_the_instance(bench: Bench, secret: Mapping[str, str]) -> None:
    bench.keep(secret)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]
    tokens = [r for r in bench.service.requests() if r["path"] == "/oauth_token.do"]
    assert len(tokens) == (1 if secret is OAUTH else 0)


def test_a_token_is_used_until_it_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(service_now, "time", SimpleNamespace(monotonic=lambda: now))
    client = service_now.ServiceNow(bench.service.url, service_now.Credentials(OAUTH))
    client.open_incident("x")
    client.open_incident("x")
    assert [method for method, _ in bench.asked()] == ["POST", "GET", "GET"]
    now += 1799 - 60
    client.open_incident("x")
    assert [method for method, _ in bench.asked()] == ["POST", "GET", "GET", "POST", "GET"]


def test_a_token_that_was_revoked_is_replaced_at_once(bench: Bench) -> None:
    bench.keep(OAUTH)
    bench(FAILED)
    before = len(bench.asked())
    bench.service.add_fault(Fault(status=401))
    assert bench(COMPLETED) == []
    assert bench.states() == ["6"]
    assert bench.asked()[before:] == [("GET", 401), ("POST", 200), ("GET", 200), ("PATCH", 200)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_so_is_one_that_ends_between_two_calls(bench: Bench, method: str) -> None:
    bench.keep(OAUTH)
    bench(event("copy-failed"))
    bench.service.add_fault(Fault(status=401, method=method))
    assert bench(FAILED) == []
    assert bench.states() == ["1", "1"]


def test_a_secret_that_was_rotated_is_read_again_when_the_old_one_is_refused(
    bench: Bench,
) -> None:
    bench.keep({**BASIC, "password": "of yesterday"})
    why = bench.fails(FAILED)
    assert "GET /api/now/table/incident answered 401" in why
    assert "User Not Authenticated" in why
    bench.keep(BASIC)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_a_clients_secret_that_was_rotated_is_read_again(bench: Bench) -> None:
    bench.keep({**OAUTH, "client_secret": "of yesterday"})
    assert "POST /oauth_token.do answered 401" in bench.fails(FAILED)
    bench.keep(OAUTH)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_what_stays_unauthorised_is_asked_twice_and_no_more(bench: Bench) -> None:
    bench.keep({**BASIC, "password": "wrong"})
    bench.fails(FAILED)
    assert bench.asked() == [("GET", 401), ("GET", 401)]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=400, times=9), "GET /api/now/table/incident answered 400"),
        (Fault(status=403, times=9), "GET /api/now/table/incident answered 403"),
        (Fault(status=500, times=9), "the sandbox was asked to fail"),
        (Fault(status=503, times=9), "<h1>503</h1>"),
        (Fault(kind="malformed", times=9), "answered 200 without JSON"),
        (Fault(kind="reset", times=9), "Connection"),
        (Fault(kind="lost", times=9), "Connection"),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else "",
)
def test_a_message_is_tried_again_when_service_now_fails_and_then_done_once(
    bench: Bench, fault: Fault, says: str
) -> None:
    bench.service.add_fault(fault)
    assert says in bench.fails(FAILED)
    bench.service.clear()
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_an_answer_that_is_lost_opens_no_second_incident(bench: Bench) -> None:
    bench.service.add_fault(Fault(kind="lost", method="POST"))
    bench.fails(FAILED)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_nor_does_a_resolution_that_is_lost_fail_for_ever(bench: Bench) -> None:
    bench(FAILED)
    bench.service.add_fault(Fault(kind="lost", method="PATCH"))
    bench.fails(COMPLETED)
    assert bench(COMPLETED) == []
    assert bench.states() == ["6"]


def test_service_now_is_not_waited_for_longer_than_the_function_may_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = cast(Any, service_now)._TIMEOUT
    # A look-up and what follows from it, within the minute that the function has.
    assert 2 * (waits.connect_timeout + waits.read_timeout) < 60
    monkeypatch.setattr(service_now, "_TIMEOUT", urllib3.Timeout(connect=1, read=0.05))
    # An instance of its own: it notes what it was asked once nobody waits for that any more.
    bench.instance(rate_limit=RateLimit(requests=1_000)).add_fault(Fault(latency_seconds=0.3))
    assert "timed out" in bench.fails(FAILED)
    assert bench(FAILED) == []
    assert bench.states() == ["1"]


def test_a_rate_limit_is_told_with_the_time_that_it_lasts(bench: Bench) -> None:
    service = bench.instance(rate_limit=RateLimit(requests=2))
    assert bench(FAILED) == []
    why = bench.fails(event("copy-failed"))
    assert "answered 429, to be tried again after" in why
    assert "Rate limit of 2 requests per hour" in why
    assert len(service.incidents()) == 1


def test_one_bad_message_in_a_batch_costs_the_others_nothing(bench: Bench) -> None:
    assert bench("no JSON", FAILED, {"detail-type": "?"}, event("copy-failed")) == ["m-0", "m-2"]
    assert bench.states() == ["1", "1"]


def test_a_failure_of_one_message_is_logged_with_its_reason(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.service.add_fault(Fault(status=500))
    with caplog.at_level(logging.DEBUG, "aws_lambda_powertools"):
        assert bench(FAILED, event("copy-failed")) == ["m-0"]
    assert "GET /api/now/table/incident answered 500" in caplog.text


def test_a_restore_that_failed_is_told_of_the_resource_that_its_backup_named(bench: Bench) -> None:
    point = {"resources": ["arn:aws:ec2:eu-central-1::image/ami-1"]}
    other = {"resources": ["arn:aws:ec2:eu-central-1::image/ami-2"]}
    instance = "arn:aws:ec2:eu-central-1:333333333333:instance/i-0515aee7de03f58e1"
    bench({**event("backup-completed", resourceArn=instance), **point})
    bench({**event("restore-failed"), **point})
    (incident,) = bench.service.incidents()
    assert f"Resource: {instance}\n" in incident["description"]
    bench({**event("restore-completed", day=22, sourceResourceArn=instance), **other})
    assert bench.states() == ["6"]


def test_a_restore_of_an_unknown_resource_ends_with_one_from_its_recovery_point(
    bench: Bench,
) -> None:
    point = {"resources": ["arn:aws:ec2:eu-central-1::image/ami-1"]}
    bench({**event("restore-failed"), **point})
    bench(event("restore-completed", day=22))
    assert bench.states() == ["1"]
    bench({**event("restore-completed", day=23, restoreJobId="2"), **point})
    assert bench.states() == ["6"]


def test_a_nightly_restore_test_has_one_incident(bench: Bench) -> None:
    plan = "arn:aws:backup:eu-central-1:333333333333:restore-testing-plan:nightly-1"
    instance = "arn:aws:ec2:eu-central-1:333333333333:instance/i-0515aee7de03f58e1"
    for day in (21, 22, 23, 24):
        point = {"resources": [f"arn:aws:ec2:eu-central-1::image/ami-{day}"]}
        told = {"restoreTestingPlanArn": plan, "restoreJobId": f"night {day}"}
        bench({**event("backup-completed", day=day, resourceArn=instance), **point})
        name = "restore-completed" if day == 24 else "restore-failed"
        bench({**event(name, day=day, **told), **point})
    assert bench.states() == ["6"]
    assert bench.notes() == 2


FORMS = "it must be a JSON object of texts: api_key, or client_id and client_secret, or username"


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("{'username': 'hush'}", "is not JSON"),
        ("hush", "is not JSON"),
        (["hush"], "is JSON, but not an object"),
        ({}, "holds nothing"),
        ({"username": "hush"}, "holds username"),
        ({"username": "hush", "password": None}, "has no text as password"),
        ({"client_id": 5, "client_secret": ""}, "has no text as client_id and client_secret"),
        ({"api_key": {"hush": 1}}, "has no text as api_key"),
        ({"api_key": "hush\n"}, "has an api_key with characters that no header may have"),
        ({"api_key": "hüsh"}, "has an api_key with characters that no header may have"),
    ],
)
def test_a_secret_in_no_form_is_named_with_the_forms_and_not_told(
    bench: Bench, secret: object, says: str
) -> None:
    bench.keep(secret)
    why = bench.fails(FAILED)
    assert f"the secret {SECRET} {says}" in why
    assert FORMS in why
    assert "hush" not in why
    assert "hüsh" not in why
    assert bench.asked() == []


def test_a_binary_secret_and_one_that_is_not_there_are_named(bench: Bench) -> None:
    bench.secrets.put_secret_value(SecretId=SECRET, SecretBinary=b"x")
    assert f"the secret {SECRET} has no text" in bench.fails(FAILED)
    bench.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    bench.forget()
    assert f"the secret {SECRET} cannot be read: " in bench.fails(FAILED)


def test_of_a_secret_in_several_forms_one_is_taken(bench: Bench) -> None:
    bench.keep({**BASIC, "password": "wrong", **API_KEY, "hint": None})
    assert bench(FAILED) == []


Answering = Callable[[Mapping[str, object]], Bench]


@pytest.fixture
def answering(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """An instance that always answers a method, or a path, in one way."""
    servers: list[HttpServer] = []

    def start(answers: Mapping[str, object]) -> Bench:
        def serve(call: ApiRequest) -> Answer:
            content = answers.get(call.path, answers.get(call.method))
            return json_answer(content)

        servers.append(HttpServer(serve, 0))
        servers[-1].start()
        monkeypatch.setenv("SERVICE_NOW_URL", servers[-1].url)
        bench.forget()
        return bench

    yield start
    for server in servers:
        server.stop()


_NO_RECORDS: list[object] = [{"result": [{}]}, {"result": [1]}]


@pytest.mark.parametrize("content", [{}, [], None, {"result": None}, {"result": {}}, *_NO_RECORDS])
def test_an_answer_without_a_list_is_not_taken_for_no_incident(
    answering: Answering, content: object
) -> None:
    bench = answering({"GET": content})
    why = bench.fails(FAILED)
    wanted = "an incident's sys_id" if content in _NO_RECORDS else "a list of incidents"
    assert f"GET /api/now/table/incident answered without {wanted}" in why


@pytest.mark.parametrize("content", [{}, [], {"result": []}, {"result": {"number": None}}])
def test_an_incident_without_a_number_was_not_created_for_sure(
    answering: Answering, content: object
) -> None:
    bench = answering({"GET": {"result": []}, "POST": content})
    assert "POST /api/now/table/incident answered without an incident's number" in bench.fails(
        FAILED
    )
    bench = answering({"GET": {"result": [{"sys_id": "abc"}]}, "PATCH": content})
    assert "PATCH /api/now/table/incident/abc answered without an incident's number" in bench.fails(
        FAILED
    )


TOKEN = "/oauth_token.do"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "without an access_token"),
        ([], "without an access_token"),
        ({"access_token": None}, "without an access_token"),
        ({"access_token": "hush", "expires_in": "soon"}, "with expires_in 'soon'"),
        ({"access_token": "hush", "expires_in": None}, "with expires_in None"),
        ({"access_token": "hush", "expires_in": -1}, "with expires_in -1"),
        ({"access_token": "hush", "expires_in": float("nan")}, "with expires_in nan"),
    ],
)
def test_an_answer_that_is_no_token_is_named_and_not_told(
    answering: Answering, content: object, says: str
) -> None:
    bench = answering({TOKEN: content})
    bench.keep(OAUTH)
    why = bench.fails(FAILED)
    assert f"POST /oauth_token.do answered 200 {says}" in why
    assert "hush" not in why


@pytest.mark.parametrize("seconds", [{"expires_in": "1800"}, {"expires_in": 1800.5}, {}])
def test_a_token_may_say_its_seconds_as_text_or_not_at_all(
    answering: Answering, seconds: Mapping[str, object]
) -> None:
    incident = {"result": {"number": "INC1"}}
    token = {"access_token": "t", **seconds}
    bench = answering({TOKEN: token, "GET": {"result": []}, "POST": incident})
    bench.keep(OAUTH)
    assert bench(FAILED) == []


def test_half_a_token_is_not_told(bench: Bench) -> None:
    bench.keep(OAUTH)
    bench.service.add_fault(Fault(kind="malformed"))
    why = bench.fails(FAILED)
    assert "POST /oauth_token.do answered 200 without JSON\n" in why
    assert "sys_id" not in why


def test_a_message_that_is_not_json_is_told(bench: Bench) -> None:
    assert "a message that is not JSON: 'one two'" in bench.fails("one two")
