from typing import TYPE_CHECKING

import pytest

from aws_sandbox.servicenow.answers import RefusedError
from aws_sandbox.servicenow.encoded_query import parse

if TYPE_CHECKING:
    from sandbox.tests.servicenow.conftest import Client

FIELDS = ("number", "state", "priority", "short_description")
RECORDS = [
    {"number": "1", "state": "1", "priority": "3", "short_description": "Backup failed"},
    {"number": "2", "state": "6", "priority": "1", "short_description": "copy ^ failed"},
    {"number": "3", "state": "2", "priority": "2", "short_description": ""},
]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", "123"),
        ("state=1", "1"),
        ("state!=1", "23"),
        ("stateIN1,2", "13"),
        ("stateNOT IN1,2", "2"),
        ("short_descriptionLIKEFAIL", "12"),
        ("short_descriptionNOTLIKEfail", "3"),
        ("short_descriptionSTARTSWITHback", "1"),
        ("short_descriptionENDSWITHfailed", "12"),
        ("short_descriptionISEMPTY", "3"),
        ("short_descriptionISNOTEMPTY", "12"),
        ("short_descriptionLIKE^^", "2"),
        ("priority>=2", "13"),
        ("priority<2", "2"),
        ("state=1^priority=1", ""),
        ("state=1^ORstate=6^priority=1", "2"),
        ("priority=1^ORpriority=2^state=2^ORstate=1", "3"),
        ("state=1^NQpriority=1", "12"),
        ("ORDERBYpriority", "231"),
        ("stateIN1,2^ORDERBYDESCnumber^EQ", "31"),
        ("ORDERBYDESCstate^ORDERBYnumber", "231"),
    ],
)
def test_encoded_queries_find_and_order_as_on_the_platform(query: str, numbers: str) -> None:
    assert "".join(record["number"] for record in parse(query, FIELDS).run(RECORDS)) == numbers


@pytest.mark.parametrize(
    "query",
    [
        "stateBETWEEN1@2", "stateSAMEASpriority", "stateINSTANCEOFtask", "state",
        "state=javascript:gs.now()", "stat=1", "ORDERBYstat", "stateDYNAMICabc",
    ],
)  # fmt: skip
def test_what_the_platform_might_misunderstand_is_refused_by_name(query: str) -> None:
    with pytest.raises(RefusedError, match="400 Invalid query"):
        parse(query, FIELDS)


def test_a_list_is_paged_and_counted_and_shows_the_fields_asked_for(call: "Client") -> None:
    for number in range(5):
        call.create(correlation_id=f"job-{number}", urgency="1")
    page = call.find(
        "active=true^ORDERBYDESCcorrelation_id",
        sysparm_fields="correlation_id, urgency,nothing",
        sysparm_limit="2",
        sysparm_offset="1",
        sysparm_display_value="true",
    )
    assert page.headers["X-Total-Count"] == "5"
    assert page.result == [
        {"correlation_id": "job-3", "urgency": "1 - High"},
        {"correlation_id": "job-2", "urgency": "1 - High"},
    ]
    assert call.find("correlation_id=none").result == []
    by_field = call("GET", "/api/now/v2/table/incident?correlation_id=job-4")
    assert [record["correlation_id"] for record in by_field.result] == ["job-4"]
    assert call.find("colour=red").status == 400
