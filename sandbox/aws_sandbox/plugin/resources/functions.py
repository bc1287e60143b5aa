"""AWS Lambda's functions and layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.archives import zipped
from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props

TAGGING = Tagging(listing="ListTags", target="Resource", pair=None)
ZIP: Final = Converter(to_api=zipped, from_api=str)
LAYERS: Final = Converter(to_api=list, from_api=lambda layers: [layer["Arn"] for layer in layers])
UNRESERVED: Final = -1


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
        deadLetterConfig=Field(
            "DeadLetterConfig", fields=members("targetArn"), empty={"TargetArn": ""}
        ),
        description=Field("Description", empty=""),
        environment=Field("Environment", fields=members("variables"), empty={"Variables": {}}),
        ephemeralStorage=Field(
            "EphemeralStorage", fields=members(size=Field("Size", computed=True)), computed=True
        ),
        kmsKeyArn=Field("KMSKeyArn", empty=""),
        layers=Field("Layers", convert=LAYERS, empty=[]),
        loggingConfig=Field(
            "LoggingConfig",
            fields=members(
                "logFormat",
                applicationLogLevel=Field("ApplicationLogLevel", computed=True),
                logGroup=Field("LogGroup", computed=True),
                systemLogLevel=Field("SystemLogLevel", computed=True),
            ),
            computed=True,
        ),
        memorySize=Field("MemorySize", default=128),
        packageType=Field("PackageType", default="Zip", replaces=True),
        reservedConcurrentExecutions=Field("Reserved", default=UNRESERVED, separate=True),
        s3Bucket=Field("Code.S3Bucket", unread=True),
        s3Key=Field("Code.S3Key", unread=True),
        skipDestroy=Field(default=False),
        timeout=Field("Timeout", default=3, between=(1, 900)),
        tracingConfig=Field("TracingConfig", fields=members("mode"), computed=True),
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

    def create(self, call: Call) -> str:
        return call("CreateFunction", **call.request())["FunctionName"]

    def finish(self, call: Call) -> None:
        self._reserve(call)

    def read(self, call: Call) -> Document:
        found = call("GetFunction", FunctionName=call.rid)
        function = found["Configuration"]
        arn = function["FunctionArn"]
        reserved = found.get("Concurrency", {}).get("ReservedConcurrentExecutions", UNRESERVED)
        return function | {
            "Reserved": reserved,
            "InvokeArn": _invoke_arn(call, arn),
            "QualifiedArn": f"{arn}:{function['Version']}",
            "QualifiedInvokeArn": _invoke_arn(call, f"{arn}:{function['Version']}"),
        }

    def update(self, call: Call) -> None:
        props, state = call.props, call.state
        wanted = call.request(clear=True)
        code, architectures = wanted.pop("Code"), wanted.pop("Architectures", None)
        wanted.pop("PackageType")
        call("UpdateFunctionConfiguration", **wanted)
        if architectures is not None and architectures != state.get("architectures"):
            code["Architectures"] = architectures
        sources = ("code", "s3Bucket", "s3Key")
        if "Architectures" in code or any(props.get(n) != state.get(n) for n in sources):
            call("UpdateFunctionCode", FunctionName=call.rid, **code)
        self._reserve(call)

    def delete(self, call: Call) -> None:
        if not call.state.get("skipDestroy"):
            call("DeleteFunction", FunctionName=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        if ("code" in props) == ("s3Bucket" in props):
            yield Problem(path=("code",), reason="give the code either as an archive or in S3")
        if props["packageType"] not in {"Zip", UNKNOWN}:
            reason = "the sandbox's stand-in runs functions of zip archives only"
            yield Problem(path=("packageType",), reason=reason)
        for name in ("handler", "runtime"):
            if name not in props:
                yield Problem(path=(name,), reason=f"a function of a zip archive needs {name!r}")

    @staticmethod
    def _reserve(call: Call) -> None:
        wanted = call.props["reservedConcurrentExecutions"]
        if wanted == call.state.get("reservedConcurrentExecutions", UNRESERVED):
            return
        if wanted == UNRESERVED:
            call("DeleteFunctionConcurrency", FunctionName=call.rid)
        else:
            reserved = {"ReservedConcurrentExecutions": wanted}
            call("PutFunctionConcurrency", FunctionName=call.rid, **reserved)


def _invoke_arn(call: Call, arn: str) -> str:
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
        licenseInfo=Field("LicenseInfo", replaces=True),
        s3Bucket=Field("Content.S3Bucket", unread=True, replaces=True),
        s3Key=Field("Content.S3Key", unread=True, replaces=True),
        skipDestroy=Field(default=False),
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

    def create(self, call: Call) -> str:
        return call("PublishLayerVersion", **call.request())["LayerVersionArn"]

    def read(self, call: Call) -> Document:
        layer, _, version = call.rid.rpartition(":")
        found = call("GetLayerVersion", LayerName=layer, VersionNumber=int(version))
        return found | {"LayerName": layer.rpartition(":")[2], "VersionText": version}

    def delete(self, call: Call) -> None:
        if not call.state.get("skipDestroy"):
            layer, _, version = call.rid.rpartition(":")
            call("DeleteLayerVersion", LayerName=layer, VersionNumber=int(version))

    def check(self, props: Props) -> Iterator[Problem]:
        if ("code" in props) == ("s3Bucket" in props):
            yield Problem(path=("code",), reason="give the code either as an archive or in S3")
