import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from aws_sandbox.servicenow import Instance

if TYPE_CHECKING:
    from sandbox.tests.servicenow.conftest import Client, Reply, Start

TABLE = "/api/now/table/incident"


def test_a_new_incident_is_created_with_number_id_location_and_computed_fields(
    call: "Client",
) -> None:
    reply = call("POST", TABLE, {"short_description": "Backup failed", "urgency": "1"})
    assert reply.status == 201
    record = reply.result
    assert re.fullmatch(r"INC\d{7}", record["number"])
    assert re.fullmatch(r"[0-9a-f]{32}", record["sys_id"])
    assert reply.headers["Location"] == f"{call.service.url}{TABLE}/{record['sys_id']}"
    assert (record["state"], record["incident_state"], record["active"]) == ("1", "1", "true")
    assert (record["impact"], record["priority"]) == ("3", "3")
    assert call.create()["number"] > record["number"]


@pytest.mark.parametrize(
    ("urgency", "impact", "priority"),
    [("1", "1", "1"), ("1", "2", "2"), ("2", "2", "3"), ("3", "2", "4"), ("3", "3", "5")],
)
def test_priority_follows_urgency_and_impact_whatever_the_client_says(
    call: "Client", urgency: str, impact: str, priority: str
) -> None:
    assert call.create(urgency=urgency, impact=impact, priority="1")["priority"] == priority


def test_texts_too_long_are_cut_off_without_a_word(call: "Client") -> None:
    record = call.create(short_description="s" * 200, correlation_id="c" * 200)
    assert (len(record["short_description"]), len(record["correlation_id"])) == (160, 100)


def test_resolving_needs_a_close_code_and_notes_and_keeps_the_incident_active(
    call: "Client",
) -> None:
    sys_id = call.create()["sys_id"]
    refused = call.change(sys_id, state="6", close_code="Solution provided")
    assert refused.status == 403
    assert "Data Policy Exception" in refused.error["detail"]
    assert "Resolution notes" in refused.error["detail"]
    assert call("GET", f"{TABLE}/{sys_id}").result["state"] == "1"
    resolved = call.change(
        sys_id, state="6", close_code="Solution provided", close_notes="protected again"
    )
    assert resolved.status == 200
    assert (resolved.result["state"], resolved.result["active"]) == ("6", "true")
    assert resolved.result["resolved_at"]
    reopened = call.change(sys_id, state=2).result
    assert (reopened["resolved_at"], reopened["reopen_count"]) == ("", "1")


def test_close_codes_are_the_instances_own(start: "Start") -> None:
    call = start(instance=Instance(close_codes=("Solved (Permanently)",)))
    sys_id = call.create()["sys_id"]
    values = {"state": "6", "close_notes": "done"}
    refused = call.change(sys_id, close_code="Solution provided", **values)
    assert refused.status == 400
    assert "Solved (Permanently)" in refused.error["detail"]
    assert call.change(sys_id, close_code="Solved (Permanently)", **values).status == 200


@pytest.mark.parametrize(
    "values",
    [{"state": "7", "close_code": "Known error", "close_notes": "done"}, {"state": "8"}],
)
def test_a_closed_or_canceled_incident_is_inactive_and_can_not_be_changed(
    call: "Client", values: dict[str, str]
) -> None:
    sys_id = call.create()["sys_id"]
    assert call.change(sys_id, **values).result["active"] == "false"
    assert call.change(sys_id, state="1").status == 403


def test_work_notes_are_a_journal_that_a_record_does_not_show(call: "Client") -> None:
    sys_id = call.create(work_notes="first")["sys_id"]
    call.change(sys_id, work_notes="second")
    assert call("GET", f"{TABLE}/{sys_id}").result["work_notes"] == ""
    shown = call("GET", f"/nav_to.do?uri=incident.do?sys_id={sys_id}").text
    assert shown.index("second") < shown.index("first")


def test_a_configuration_item_is_found_by_a_field_of_its_table_and_of_those_that_this_extends(
    start: "Start",
) -> None:
    server = {"name": "orders", "sys_class_name": "cmdb_ci_vm_instance", "object_id": "i-0abc"}
    call = start(instance=Instance(configuration_items=(server,)))
    call.service.control({"configuration_item": {"name": "bills", "u_arn": "arn:aws:s3:::bills"}})

    def found(table: str, query: str) -> "Reply":
        fields = "sys_id,name,object_id"
        asked = urlencode({"sysparm_query": query, "sysparm_fields": fields, "sysparm_limit": "2"})
        return call("GET", f"/api/now/table/{table}?{asked}")

    (item,) = found("cmdb_ci_vm_instance", "object_id=i-0abc").result
    assert (item["name"], item["object_id"]) == ("orders", "i-0abc")
    (same,) = found("cmdb_ci", "name=orders").result
    assert same == {"sys_id": item["sys_id"], "name": "orders"}
    assert found("cmdb_ci", "object_id=i-0abc").status == 400
    assert [each["name"] for each in found("cmdb_ci", "u_arn=arn:aws:s3:::bills").result] == [
        "bills"
    ]
    reference = call.create(cmdb_ci=item["sys_id"])["cmdb_ci"]
    assert reference["link"].endswith(f"/cmdb_ci/{item['sys_id']}")
    with pytest.raises(ValueError, match="a configuration item has a name"):
        call.service.control({"configuration_item": {"u_arn": "x"}})


def test_references_take_an_id_or_a_name_and_show_a_link(call: "Client") -> None:
    reference = call.create(assignment_group="backup operations")["assignment_group"]
    assert reference["link"].endswith(reference["value"])
    assert call.create(assignment_group=reference["value"])["assignment_group"] == reference
    refused = call("POST", TABLE, {"short_description": "x", "caller_id": "nobody"})
    assert refused.status == 403
    assert "known: backup.monitor" in refused.error["detail"]


def test_a_mandatory_field_that_is_missing_is_a_data_policy_error(call: "Client") -> None:
    refused = call("POST", TABLE, {"urgency": "1"})
    assert refused.status == 403
    assert refused.error["message"] == "Operation Failed"
    assert call.service.incidents() == []


def test_fields_that_the_table_lacks_are_ignored_and_noted(call: "Client") -> None:
    assert "u_other" not in call.create(u_other="x")
    assert call.service.requests()[-1]["ignored"] == ["u_other"]


@pytest.mark.parametrize(
    ("request_line", "body", "headers", "status"),
    [
        ("GET /api/now/table/problem", None, {}, 400),
        ("GET /api/now/tables/incident", None, {}, 400),
        (f"POST {TABLE}", "{", {}, 400),
        (f"POST {TABLE}", "[]", {}, 400),
        (f"POST {TABLE}", {"short_description": {"a": 1}}, {}, 400),
        (f"POST {TABLE}", {"short_description": "x"}, {"Content-Type": "text/xml"}, 415),
        (f"GET {TABLE}", None, {"Accept": "application/xml"}, 406),
        (f"DELETE {TABLE}", None, {}, 405),
        (f"PATCH {TABLE}/0123", {}, {}, 404),
        (f"GET {TABLE}?sysparm_view=ess", None, {}, 400),
        (f"GET {TABLE}?sysparm_limit=-1", None, {}, 400),
        (f"GET {TABLE}?sysparm_display_value=both", None, {}, 400),
        ("POST /api/now/table/cmdb_ci", {"name": "x"}, {}, 405),
    ],
)
def test_bad_requests_have_the_platforms_status_and_envelope(
    call: "Client", request_line: str, body: object, headers: dict[str, str], status: int
) -> None:
    method, path = request_line.split(" ")
    reply = call(method, path, body, headers)
    assert reply.status == status
    assert reply.error["message"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b^c"]),
        ("correlation_id=A", ["a"]),
        ("correlation_id!=a", ["b^c"]),
        ("correlation_id=b^^c", ["b^c"]),
        ("correlation_id=a^active=true^state!=6", ["a"]),
        ("correlation_id=a^state!=1", []),
    ],
)
def test_a_list_has_what_meets_every_condition(
    call: "Client", query: str, found: list[str]
) -> None:
    for correlation_id in ("a", "b^c"):
        call.create(correlation_id=correlation_id)
    listed = call.find(query, sysparm_fields="correlation_id, nothing")
    assert listed.result == [{"correlation_id": each} for each in found]
    assert listed.headers["X-Total-Count"] == str(len(found))
    assert len(call.find(query, sysparm_limit="1").result) == min(1, len(found))


@pytest.mark.parametrize(
    "query", ["stateIN1,2", "state", "state=javascript:gs.now()", "stat=1", "ORDERBYstat"]
)
def test_what_is_not_understood_of_a_query_is_refused(call: "Client", query: str) -> None:
    refused = call.find(query)
    assert refused.status == 400
    assert refused.error["message"] == "Invalid query"
