"""A function whose environment Lambda would refuse is refused before anything is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pulumi
import pytest
from pulumi.output import UNKNOWN

from components.function import Function, FunctionArgs, FunctionHome
from components.packaging.archives import Platform
from tests.support.recorder import Recording, record

HOME = FunctionHome(
    account="111111111111",
    platform=Platform(runtime="python3.11", architecture="x86_64"),
    base_layer="arn:aws:lambda:eu-central-1:111111111111:layer:base:1",
    log_retention_days=30,
)
ALMOST_ALL = "é" * 2_000
"""4,000 bytes of the 4,096."""


def deployed(environment: Mapping[str, pulumi.Input[str]]) -> Recording:
    args = FunctionArgs(
        handler="watch_reports",
        description="",
        environment=environment,
        permissions=[],
        home=HOME,
    )

    def program() -> None:
        Function("acme-watch", args)

    return record(program)


@pytest.mark.parametrize("later", [False, True])
def test_an_environment_of_4096_bytes_of_json_is_deployed_and_one_more_byte_is_not(
    later: bool,
) -> None:
    rest = "x" * (4_096 - 4_000 - len('{"A":"","B":""}'))

    def given(text: str) -> Mapping[str, pulumi.Input[str]]:
        return {"A": ALMOST_ALL, "B": pulumi.Output.from_input(text) if later else text}

    function = deployed(given(rest)).one("aws:lambda/function:Function")
    assert function.inputs["environment"]["variables"] == {"A": ALMOST_ALL, "B": rest}
    with pytest.raises(pulumi.RunError) as caught:
        deployed(given(rest + "x"))
    assert str(caught.value).startswith(
        "the environment of the function acme-watch takes 4097 bytes, and Lambda takes 4096; the "
        "largest are: A 4008, B 90. "
    )


def test_what_is_known_is_measured_though_the_rest_is_not_known_yet() -> None:
    never = pulumi.Output.from_input(cast(str, UNKNOWN))
    with pytest.raises(pulumi.RunError, match="the largest are: A 8008"):
        deployed({"A": ALMOST_ALL * 2, "B": never})
