"""AWS Lambda's functions and layers, who may invoke them and what does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register
from aws_sandbox.plugin.values import UNKNOWN, Archive, Asset, Problem, Props, is_object

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
MODE: Final = 0o100644 << 16
"""A readable file, in the upper half of a zip entry's external attributes."""


def content(asset: Asset) -> bytes:
    """The bytes of a text or of a file; ValueError for an asset that lies elsewhere."""
    if asset.text is not None:
        return asset.text.encode()
    if asset.path is None:
        raise ValueError("the sandbox's stand-in takes assets of text and of files only")
    return Path(asset.path).read_bytes()


def zipped(archive: Archive) -> bytes:
    """The archive as a zip: entries sorted by name, without times, owners or modes of their own.

    An archive that is a zip file already stays as it is, as the official plugin leaves it.
    """
    if archive.path is not None and archive.path.endswith(".zip"):
        return Path(archive.path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in sorted(_entries(archive)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, body)
    return buffer.getvalue()


def _entries(archive: Archive, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    if archive.assets is not None:
        for name, member in archive.assets.items():
            if isinstance(member, Asset):
                yield f"{prefix}{name}", content(member)
            else:
                yield from _entries(member, f"{prefix}{name}/")
    elif archive.path is not None:
        yield from _file_entries(Path(archive.path), prefix)
    else:
        raise ValueError("the sandbox's stand-in takes archives of assets and of files only")


def _file_entries(path: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield f"{prefix}{file.relative_to(path).as_posix()}", file.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as source:
            for name in source.namelist():
                yield f"{prefix}{name}", source.read(name)
    else:
        raise ValueError(f"{path} is neither a folder nor a zip file")


TAGGING = Tagging(listing="ListTags", target="Resource", pair=None)
ZIP: Final = Converter(to_api=zipped, from_api=str)
LAYERS: Final = Converter(to_api=list, from_api=lambda layers: [layer["Arn"] for layer in layers])


@register("aws:lambda/function:Function")
class Function(Resource):
    """A function of a zip archive; its id is its name."""

    service, operation = "lambda", "CreateFunction"
    properties = members(
        "handler",
        "role",
        "runtime",
        name=Field("FunctionName", replaces=True, autoname=Autoname(maximum=64)),
        architectures=Field("Architectures", computed=True),
        code=Field("Code.ZipFile", convert=ZIP, unread=True),
        description=Field("Description", empty=""),
        environment=Field("Environment", fields=members("variables"), empty={"Variables": {}}),
        ephemeralStorage=Field(
            "EphemeralStorage", fields=members(size=Field("Size", computed=True)), computed=True
        ),
        layers=Field("Layers", convert=LAYERS, empty=[]),
        loggingConfig=Field(
            "LoggingConfig",
            fields=members(
                "logFormat",
                logGroup=Field("LogGroup", computed=True),
            ),
            computed=True,
        ),
        memorySize=Field("MemorySize", default=128),
        timeout=Field("Timeout", default=3, between=(1, 900)),
    )
    outputs = outputs(
        arn="FunctionArn",
        codeSha256="CodeSha256",
        invokeArn="InvokeArn",
        lastModified="LastModified",
        qualifiedArn="QualifiedArn",
        qualifiedInvokeArn="QualifiedInvokeArn",
        sourceCodeHash="CodeSha256",
        sourceCodeSize="CodeSize",
        version="Version",
    )
    volatile = frozenset({"codeSha256", "lastModified", "sourceCodeHash", "sourceCodeSize"})
    tagging = TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateFunction", **call.request())["FunctionName"]

    def read(self, call: ResourceCall) -> Document:
        function = call("GetFunction", FunctionName=call.rid)["Configuration"]
        arn = function["FunctionArn"]
        return function | {
            "InvokeArn": _invoke_arn(call, arn),
            "QualifiedArn": f"{arn}:{function['Version']}",
            "QualifiedInvokeArn": _invoke_arn(call, f"{arn}:{function['Version']}"),
        }

    def update(self, call: ResourceCall) -> None:
        props, state = call.props, call.state
        wanted = call.request(clear=True)
        code, architectures = wanted.pop("Code"), wanted.pop("Architectures", None)
        call("UpdateFunctionConfiguration", **wanted)
        if architectures is not None and architectures != state.get("architectures"):
            code["Architectures"] = architectures
        if "Architectures" in code or props["code"] != state.get("code"):
            call("UpdateFunctionCode", FunctionName=call.rid, **code)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteFunction", FunctionName=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        for name in ("code", "handler", "runtime"):
            if name not in props:
                yield Problem(path=(name,), reason=f"a function of a zip archive needs {name!r}")


def _invoke_arn(call: ResourceCall, arn: str) -> str:
    path = f"arn:aws:apigateway:{call.api.region}:lambda:path/2015-03-31/functions"
    return f"{path}/{arn}/invocations"


@register("aws:lambda/layerVersion:LayerVersion")
class LayerVersion(Resource):
    """A version of a layer; its id is the version's ARN, and nothing of it changes."""

    service, operation = "lambda", "PublishLayerVersion"
    properties = members(
        layerName=Field("LayerName", replaces=True),
        code=Field("Content.ZipFile", convert=ZIP, unread=True, replaces=True),
        compatibleArchitectures=Field("CompatibleArchitectures", unordered=True, replaces=True),
        compatibleRuntimes=Field("CompatibleRuntimes", unordered=True, replaces=True),
        description=Field("Description", replaces=True),
    )
    outputs = outputs(
        arn="LayerVersionArn",
        codeSha256="Content.CodeSha256",
        createdDate="CreatedDate",
        layerArn="LayerArn",
        sourceCodeHash="Content.CodeSha256",
        sourceCodeSize="Content.CodeSize",
        version="VersionText",
    )

    def create(self, call: ResourceCall) -> str:
        return call("PublishLayerVersion", **call.request())["LayerVersionArn"]

    def read(self, call: ResourceCall) -> Document:
        layer, _, version = call.rid.rpartition(":")
        found = call("GetLayerVersion", LayerName=layer, VersionNumber=int(version))
        return found | {"LayerName": layer.rpartition(":")[2], "VersionText": version}

    def delete(self, call: ResourceCall) -> None:
        layer, _, version = call.rid.rpartition(":")
        call("DeleteLayerVersion", LayerName=layer, VersionNumber=int(version))

    def check(self, props: Props) -> Iterator[Problem]:
        if "code" not in props:
            yield Problem(path=("code",), reason="a layer's version needs its archive as 'code'")


def same_function(wanted: str, live: str) -> bool:
    """Whether a function's name and its ARN name the same."""
    return wanted.rpartition(":function:")[2] == live.rpartition(":function:")[2]


def _same_principal(wanted: str, live: str) -> bool:
    """Lambda writes an account as its root."""
    return live == f"arn:aws:iam::{wanted}:root"


@register("aws:lambda/permission:Permission")
class Permission(Resource):
    """A statement in a function's policy; its id is the statement's."""

    service, operation = "lambda", "AddPermission"
    properties = members(
        statementId=Field("StatementId", replaces=True, autoname=Autoname(maximum=100)),
        action=Field("Action", replaces=True),
        function=Field("FunctionName", replaces=True, same=same_function),
        principal=Field("Principal", replaces=True, same=_same_principal),
        sourceArn=Field("SourceArn", replaces=True),
    )

    def create(self, call: ResourceCall) -> str:
        call("AddPermission", **call.request())
        return call.props["statementId"]

    def read(self, call: ResourceCall) -> Document | None:
        function = {"FunctionName": call.state["function"]}
        policy = json.loads(call("GetPolicy", **function)["Policy"])
        for statement in policy["Statement"]:
            if statement["Sid"] == call.rid:
                return function | _permission(statement)
        return None

    def delete(self, call: ResourceCall) -> None:
        function = call.state["function"]
        call("RemovePermission", FunctionName=function, StatementId=call.rid)

    def imported(self, rid: str) -> Props:
        function, _, statement = rid.partition("/")
        return {"function": function, "id": statement}


def _permission(statement: Document) -> Document:
    """A statement of a function's policy as AddPermission's parameters."""
    principal = statement["Principal"]
    if is_object(principal):
        principal = principal.get("Service") or principal["AWS"]
    found: Document = {
        "StatementId": statement["Sid"],
        "Action": statement["Action"],
        "Principal": principal,
    }
    for keys in statement.get("Condition", {}).values():
        for name, value in keys.items():
            if name.lower() == "aws:sourcearn":
                found["SourceArn"] = value
    return found


@register("aws:lambda/eventSourceMapping:EventSourceMapping")
class EventSourceMapping(Resource):
    """What feeds a function from a queue; its id is a UUID. The sandbox carries no streams."""

    service, operation = "lambda", "CreateEventSourceMapping"
    properties = members(
        "maximumBatchingWindowInSeconds",
        batchSize=Field("BatchSize", computed=True),
        eventSourceArn=Field("EventSourceArn", replaces=True),
        functionName=Field("FunctionName", same=same_function),
        functionResponseTypes=Field("FunctionResponseTypes", unordered=True, empty=[]),
        scalingConfig=Field("ScalingConfig", fields=members("maximumConcurrency"), empty={}),
    )
    outputs = outputs(
        arn="EventSourceMappingArn",
        functionArn="FunctionArn",
        lastModified="LastModified",
        lastProcessingResult="LastProcessingResult",
        state="State",
        stateTransitionReason="StateTransitionReason",
        uuid="UUID",
    )
    volatile = frozenset({"lastModified", "state"})
    tagging = TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateEventSourceMapping", **call.request())["UUID"]

    def read(self, call: ResourceCall) -> Document:
        found = call("GetEventSourceMapping", UUID=call.rid)
        return found | {"FunctionName": found["FunctionArn"]}

    def update(self, call: ResourceCall) -> None:
        wanted = call.request(clear=True)
        wanted.pop("EventSourceArn")
        call("UpdateEventSourceMapping", UUID=call.rid, **wanted)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteEventSourceMapping", UUID=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        source = props.get("eventSourceArn", "")
        if source is not UNKNOWN and ":sqs:" not in source:
            reason = "set the queue to read from: the sandbox carries SQS alone to functions"
            yield Problem(path=("eventSourceArn",), reason=reason)
