import http.client
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from aws_sandbox.servicenow import Credentials, Fault, RateLimit
from aws_sandbox.servicenow.authentication import Authenticator
from aws_sandbox.servicenow.http import ApiRequest, RefusedError

if TYPE_CHECKING:
    from sandbox.tests.servicenow.conftest import Client, Start

TABLE = "/api/now/table/incident"
TOLD_IN_VAIN = {"kind": "reset", "retry_after": 1}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
        {"Authorization": "Basic Og=="},
        {"Authorization": "Basic not base64"},
        {"Authorization": "Bearer unknown"},
        {"Authorization": "", "x-sn-apikey": "unknown"},
    ],
)
def test_without_valid_credentials_a_request_is_not_authenticated(
    call: "Client", headers: Mapping[str, str]
) -> None:
    reply = call("GET", TABLE, headers=headers)
    assert reply.status == 401
    assert reply.error == {
        "message": "User Not Authenticated",
        "detail": "Required to provide Auth information",
    }


def test_oauth_client_credentials_and_api_keys_are_accepted(start: "Start") -> None:
    call = start(credentials=Credentials(clients={"id": "secret"}, api_keys={"key": "robot"}))
    body = "grant_type=client_credentials&client_id=id&client_secret=secret"
    token = call("POST", "/oauth_token.do", body, FORM).json
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 1799)
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert call("GET", TABLE, headers=bearer).status == 200
    key = {"Authorization": "", "x-sn-apikey": "key"}
    created = call("POST", TABLE, {"short_description": "x"}, key)
    assert created.result["sys_created_by"] == "robot"
    wrong = call("POST", "/oauth_token.do", body.replace("=secret", "=wrong"), FORM)
    assert (wrong.status, wrong.json["error_description"]) == (401, "access_denied")
    password = call("POST", "/oauth_token.do", "grant_type=password&username=a&password=b", FORM)
    assert password.status == 401


def test_a_token_expires() -> None:
    now = [0.0]
    access = Authenticator(Credentials(clients={"id": "s"}, token_seconds=60), clock=lambda: now[0])
    body = b"grant_type=client_credentials&client_id=id&client_secret=s"
    post = ApiRequest(method="POST", path="/oauth_token.do", query={}, headers={}, body=body)
    token = json.loads(access.token(post).body)["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    read = ApiRequest(method="GET", path=TABLE, query={}, headers=headers, body=b"")
    assert access.user(read) == "backup.monitor"
    now[0] = 61
    with pytest.raises(RefusedError, match="401"):
        access.user(read)


def test_above_the_rate_limit_requests_are_told_when_to_come_again(start: "Start") -> None:
    call = start(rate_limit=RateLimit(requests=2))
    within = [call("GET", TABLE) for _ in range(2)]
    assert [reply.status for reply in within] == [200, 200]
    assert within[0].headers["X-RateLimit-Limit"] == "2"
    beyond = call("GET", TABLE)
    assert beyond.status == 429
    assert 1 <= int(beyond.headers["Retry-After"]) <= 3600
    assert beyond.error == {
        "message": "Rate limit exceeded",
        "detail": "Rate limit of 2 requests per hour for Table API exceeded",
    }


def test_asked_to_fail_it_fails_so_many_times_and_then_serves(call: "Client") -> None:
    call.service.fail(503, times=2)
    call.service.fail(500)
    assert [call("GET", TABLE).status for _ in range(4)] == [503, 503, 500, 200]
    assert [request["status"] for request in call.service.requests()] == [503, 503, 500, 200]


def test_a_fault_may_be_for_one_method_and_leaves_the_others_alone(call: "Client") -> None:
    call.service.add_fault(Fault(status=500, method="POST"))
    assert call("GET", TABLE).status == 200
    assert call("POST", TABLE, {"short_description": "x"}).status == 500
    assert call.service.incidents() == []


def test_a_connection_can_be_reset_before_anything_is_done_or_after_all_is_done(
    call: "Client",
) -> None:
    for kind, created in (("reset", 0), ("lost", 1)):
        call.service.control({"fail": {"kind": kind}})
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            call("POST", TABLE, {"short_description": "x"})
        assert len(call.service.incidents()) == created


def test_an_answer_can_be_no_json(call: "Client") -> None:
    call.service.fail(kind="malformed")
    reply = call("GET", TABLE)
    assert reply.status == 200
    with pytest.raises(ValueError, match="Unterminated"):
        _ = reply.json


def test_an_answer_can_come_late(call: "Client") -> None:
    call.service.add_fault(Fault(latency_seconds=60))
    with pytest.raises(TimeoutError):
        call("GET", TABLE, timeout=0.1)
    assert call("GET", TABLE).status == 200


def test_a_request_can_be_carried_out_at_once_and_answered_late(call: "Client") -> None:
    call.service.add_fault(Fault(kind="late", latency_seconds=60))
    with pytest.raises(TimeoutError):
        call("POST", TABLE, {"short_description": "x"}, timeout=0.2)
    (request,) = call.service.requests()
    assert (request["status"], request["fault"]) == (201, "late")
    assert len(call.service.incidents()) == 1


def test_a_status_can_tell_when_to_come_again(call: "Client") -> None:
    for status in (429, 503):
        call.service.control({"fail": {"status": status, "retry_after": 7}})
        reply = call("GET", TABLE)
        assert (reply.status, reply.headers["Retry-After"]) == (status, "7")


def test_a_query_can_lose_its_conditions(call: "Client") -> None:
    call.create(correlation_id="a")
    call.service.fail(kind="unfiltered")
    assert [each["correlation_id"] for each in call.find("correlation_id=b").result] == ["a"]
    assert call.find("correlation_id=b").result == []


def test_the_control_call_takes_faults_and_forgets_and_refuses_nonsense(call: "Client") -> None:
    control: Any = call.service.control
    assert len(control({"fail": {"status": 500, "times": 2}})["faults"]) == 2
    for fault in ({"status": 200}, {"kind": "fire"}, {"often": 2}, TOLD_IN_VAIN):
        with pytest.raises(ValueError, match=r"error \(400|no fault 'fire'|has no often|when to"):
            control({"fail": fault})
    assert call("GET", TABLE).status == 500
    assert control({"clear": True}) == {"incidents": [], "requests": (), "faults": []}
    assert call("GET", TABLE).status == 200
    assert [request["path"] for request in control({})["requests"]] == [TABLE]
    with pytest.raises(ValueError, match="does not know flail"):
        control({"flail": 1})


def test_a_person_can_look_at_incidents(call: "Client") -> None:
    assert "no incident yet" in call("GET", "/").text
    record = call.create(short_description="<b>Backup</b> failed", work_notes="seen twice")
    page = call("GET", "/", headers={"Authorization": ""})
    assert page.headers["Content-Type"].startswith("text/html")
    assert "&lt;b&gt;Backup&lt;/b&gt; failed" in page.text
    address = f"/nav_to.do?uri=incident.do?sys_id={record['sys_id']}"
    assert address in page.text
    assert "seen twice" in call("GET", address).text
    assert call("GET", "/nav_to.do?uri=incident.do?sys_id=0").status == 404
