"""Property maps on the wire."""

from typing import Any

import pytest
from google.protobuf import struct_pb2

from aws_sandbox.plugin.values import (
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXT,
    Archive,
    Asset,
    Mark,
    decode,
    encode,
    path_text,
)


def wire(**values: Any) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


def test_what_is_encoded_is_decoded_again() -> None:
    values = {
        "text": "a",
        "number": 1.5,
        "whole": 3,
        "flag": False,
        "unknown": UNKNOWN,
        "list": [1, {"deep": UNKNOWN}],
        "asset": Asset(hash="1", path="a.txt"),
        "archive": Archive(hash="2", assets={"a": Asset(hash="1", text="x")}),
    }
    secrets = frozenset({("text",), ("list", 1, "deep")})
    decoded = decode(encode(values, secrets))
    assert decoded.values == values
    assert decoded.secrets == secrets
    assert decoded.values["archive"].assets["a"].text == "x"
    assert isinstance(decoded.values["whole"], int)


def test_outputs_and_references_are_read_as_what_they_stand_for() -> None:
    decoded = decode(
        wire(
            known={SIGNATURE: Mark.OUTPUT, "value": {"a": "b"}, "dependencies": ["urn"]},
            hidden={SIGNATURE: Mark.OUTPUT, "value": 1, "secret": True},
            later={SIGNATURE: Mark.OUTPUT},
            bucket={SIGNATURE: Mark.RESOURCE, "urn": "urn", "id": "reports"},
            coming={SIGNATURE: Mark.RESOURCE, "urn": "urn", "id": ""},
            nothing=None,
        )
    )
    assert decoded.values == {
        "known": {"a": "b"},
        "hidden": 1,
        "later": UNKNOWN,
        "bucket": "reports",
        "coming": UNKNOWN,
    }
    assert decoded.secrets == {("hidden",)}


def test_an_unknown_archive_is_unknown() -> None:
    assert decode(wire(code="e48ece36-62e2-4504-bad9-02848725956a")).values == {"code": UNKNOWN}
    assert encode({"code": UNKNOWN}) == wire(code=UNKNOWN_TEXT)


def test_a_value_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="a value of an unknown kind, 123"):
        decode(wire(strange={SIGNATURE: "123"}))


def test_paths_are_written_as_the_engine_reads_them() -> None:
    assert path_text(("rules", 0, "schedule")) == "rules[0].schedule"
    assert path_text(("tags", "a.b")) == 'tags["a.b"]'
