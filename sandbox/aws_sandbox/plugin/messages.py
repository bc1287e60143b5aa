"""The protocol's messages from plain values, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from aws_sandbox.plugin.autoname import Mode, Proposal
from aws_sandbox.plugin.codec import Properties, encode
from aws_sandbox.plugin.diff import Change, Kind
from aws_sandbox.plugin.lifecycle import PartialError
from aws_sandbox.plugin.values import Path, Problem, Props, lookup, path_text

KINDS: Final = {
    (Kind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Kind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Kind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def proposal(request: provider_pb2.CheckRequest) -> Proposal | None:
    """The name that the engine wishes for, if it has a wish."""
    if not request.HasField("autonaming"):
        return None
    return Proposal(name=request.autonaming.proposed_name, mode=Mode(request.autonaming.mode))


def check_response(inputs: Properties, problems: Iterable[Problem]) -> provider_pb2.CheckResponse:
    """The checked inputs, their secrets still marked, or what is wrong with them."""
    return provider_pb2.CheckResponse(
        inputs=encode(inputs.values, inputs.secrets),
        failures=[
            provider_pb2.CheckFailure(
                property=path_text(problem.path), reason=_shown(problem, inputs.secrets)
            )
            for problem in problems
        ],
    )


def _shown(problem: Problem, secrets: Iterable[Path]) -> str:
    """The reason, which may quote the value, unless that is a secret."""
    hidden = any(problem.path[: len(path)] == path for path in secrets)
    return "AWS would refuse the value; it is a secret and not shown" if hidden else problem.reason


def diff_response(changes: Iterable[Change], *, delete_first: bool) -> provider_pb2.DiffResponse:
    """A detailed diff; its paths are those of inputs."""
    found = list(changes)
    replacing = {str(change.path[0]) for change in found if change.replaces}
    outcome = provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=outcome,
        diffs=sorted({str(change.path[0]) for change in found}),
        replaces=sorted(replacing),
        deleteBeforeReplace=delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            path_text(change.path): provider_pb2.PropertyDiff(
                kind=KINDS[change.kind, change.replaces], inputDiff=True
            )
            for change in found
        },
    )


def init_failed(error: PartialError, secrets: Iterable[Path]) -> bytes:
    """The details of an error by which the engine keeps the resource in its state."""
    live = error.live
    failed = provider_pb2.ErrorResourceInitFailed(
        id=live.rid,
        properties=encode(live.outputs, placed(secrets, live.outputs)),
        inputs=encode(live.inputs, placed(secrets, live.inputs)),
        reasons=[error.reason],
    )
    details = any_pb2.Any()
    details.Pack(failed)
    code = grpc.StatusCode.UNKNOWN.value[0]
    status = status_pb2.Status(code=code, message=error.reason, details=[details])
    return status.SerializeToString()


def placed(secrets: Iterable[Path], values: Props) -> set[Path]:
    """The places of secrets in other properties of the same names.

    Where a secret's own place is not there (a set came back in another order), all of the
    property is secret.
    """
    return {
        path if lookup(values, path) is not None else path[:1]
        for path in secrets
        if path[0] in values
    }
