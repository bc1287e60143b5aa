from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import Client

from aws_sandbox.control import ControlApi


def refuse(_given: Mapping[str, Any]) -> Any:
    raise ValueError("the cure")


def stumble(_given: Mapping[str, Any]) -> Any:
    raise ZeroDivisionError("by chance")


@pytest.fixture
def client() -> Client:
    api = ControlApi()
    api.add("echo", dict, reads_only=True)
    api.add("write", lambda given: {"wrote": given["what"]})
    api.add("refuse", refuse)
    api.add("stumble", stumble)
    return Client(api)


def test_a_call_takes_and_gives_json(client: Client) -> None:
    answer = client.post("/_sandbox/write", json={"what": 1})
    assert (answer.status_code, answer.get_json()) == (200, {"wrote": 1})


def test_a_reading_call_may_be_a_get(client: Client) -> None:
    assert client.get("/_sandbox/echo?since=3").get_json() == {"since": "3"}
    assert client.get("/_sandbox/write?what=1").status_code == 405


def test_a_value_error_is_a_400_with_its_message(client: Client) -> None:
    answer = client.post("/_sandbox/refuse", json={})
    assert (answer.status_code, answer.get_json()) == (400, {"error": "the cure"})


def test_another_error_is_a_500_that_names_it(client: Client) -> None:
    answer = client.post("/_sandbox/stumble", json={})
    assert (answer.status_code, answer.get_json()) == (
        500,
        {"error": "ZeroDivisionError: by chance"},
    )


def test_an_unknown_call_is_told_which_ones_there_are(client: Client) -> None:
    answer = client.post("/_sandbox/nothing", json={})
    assert answer.status_code == 404
    assert "echo, refuse, stumble, write" in answer.get_json()["error"]


def test_a_web_pages_form_is_refused(client: Client) -> None:
    assert client.post("/_sandbox/write", data="what=1").status_code == 400
    broken = client.post("/_sandbox/write", data="[", content_type="application/json")
    assert broken.status_code == 400
    assert client.post("/_sandbox/write", json=[1]).status_code == 400


def test_a_name_is_given_once() -> None:
    api = ControlApi()
    api.add("echo", dict)
    with pytest.raises(ValueError, match="echo"):
        api.add("echo", dict)
