"""moto's Lambda, completed: Invoke reaches the deployed code, and what would not run is refused."""

import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import moto.awslambda.models
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse
from moto.backends import get_backend

from aws_sandbox.aws.api_calls import AwsError, not_carried_out
from aws_sandbox.aws.arns import Arn
from aws_sandbox.functions.definition import InvokeError, unzipped_size
from aws_sandbox.functions.runner import InvocationResult
from aws_sandbox.functions.runtimes import obstacle
from aws_sandbox.moto_changes.replacements import Replacements

UNZIPPED_LIMIT = 262_144_000
"""Bytes of a function with its layers, unzipped (Lambda quotas)."""

ENVIRONMENT_LIMIT = 4096
"""Bytes of a function's environment, as JSON (Lambda quotas)."""

EVENT_SOURCES = frozenset({"sqs"})
MAPPING_MEMBERS = frozenset({"FunctionResponseTypes", "ScalingConfig"})
"""What of an event-source mapping is carried out, beyond its source, function and batch size."""
_MAPPING_BASICS = {"EventSourceArn", "FunctionName", "BatchSize", "Enabled", "Tags", "UUID"}
_BATCH_LIMIT = 10
"""Messages that a batch may have without a batching window."""

_NOT_CARRIED_OUT = {
    "create_alias": "aliases of functions",
    "publish_version": "versions of functions",
    "put_function_concurrency": "reserved concurrency",
    "put_function_event_invoke_config": "settings and destinations of asynchronous invocations",
}


class Invoker(Protocol):
    """What Lambda's API reaches."""

    def invoke(self, function_arn: str, event: bytes) -> InvocationResult: ...

    def mappings_changed(self) -> None: ...


class DeployedFunction(LambdaFunction):
    """Stands in for moto's class while the sandbox runs; it keeps what moto drops."""

    invoker: ClassVar[Invoker]

    def __init__(
        self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1
    ) -> None:
        super().__init__(account_id, spec, region, version)
        self.policy = FunctionPolicy(self)
        self.logging_config: Mapping[str, str] = {
            "LogFormat": "Text",
            "LogGroup": f"/aws/lambda/{self.function_name}",
        }
        self._keep(spec)
        self._check_runnable(self.run_time, self.architectures)
        _check_environment(spec)
        self._check_size()

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        self._check_runnable(config_updates.get("Runtime") or self.run_time, self.architectures)
        _check_environment(config_updates)
        super().update_configuration(config_updates)
        self._keep(config_updates)
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        self._check_size()
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        architectures = updated_spec.get("Architectures") or self.architectures
        self._check_runnable(self.run_time, architectures)
        super().update_function_code(updated_spec)
        self.architectures = architectures
        self._check_size()
        return self.get_configuration()

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        return super().get_configuration(on_create) | {"LoggingConfig": self.logging_config}

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:
        """The Invoke API, waiting for the answer; nothing of moto's own (Docker) is tried."""
        kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind != "RequestResponse":
            raise not_carried_out(f"invocations of type {kind} by a client")
        if request_headers.get("X-Amz-Log-Type", "None") != "None":
            raise not_carried_out("LogType: ask functions.logs")
        event = (body or "{}").encode()
        try:
            json.loads(event)
        except ValueError as error:
            raise LambdaClientError(
                "InvalidRequestContentException",
                f"Could not parse request body into json: {error}",
            ) from error
        try:
            result = self.invoker.invoke(self.function_arn, event)
        except InvokeError as error:
            refusal = LambdaClientError(error.code, str(error))
            refusal.code = error.status
            raise refusal from error
        response_headers["X-Amz-Executed-Version"] = str(self.version)
        if result.error:
            response_headers["x-amz-function-error"] = result.error
        return result.payload

    def _keep(self, spec: Mapping[str, Any]) -> None:
        if spec.get("DeadLetterConfig", {}).get("TargetArn"):
            raise not_carried_out("dead letters of functions (DeadLetterConfig)")
        self.logging_config = {**self.logging_config, **spec.get("LoggingConfig", {})}

    def _check_runnable(self, runtime: str | None, architectures: list[str]) -> None:
        if self.package_type != "Zip":
            raise not_carried_out("container images: deploy the function as a zip archive")
        if found := obstacle(runtime or "", architectures):
            raise AwsError("InvalidParameterValueException", f"{self.function_arn}: {found}")

    def _check_size(self) -> None:
        backend = get_backend("lambda")[self.account_id][self.region]
        layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in self.layers]
        contents = [self.code_bytes, *(layer.code_bytes for layer in layers if layer)]
        try:
            size = sum(map(unzipped_size, contents))
        except zipfile.BadZipFile as error:
            raise InvalidParameterValueException(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from error
        if size >= UNZIPPED_LIMIT:
            raise InvalidParameterValueException(
                f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes"
            )


def _check_environment(spec: Mapping[str, Any]) -> None:
    variables = spec.get("Environment", {}).get("Variables", {})
    text = json.dumps(variables, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > ENVIRONMENT_LIMIT:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the 4KB limit. String measured: {text}"
        )


class FunctionPolicy(Policy):
    """moto's, with principals that are accounts or roles, and conditions that do not overwrite
    each other."""

    def principal_formatter(self, obj: Any) -> Any:
        """`obj` is AddPermission's Principal: a service, an account, an ARN or `*`."""
        if not isinstance(obj, str) or obj == "*":
            return obj
        if obj.endswith(".amazonaws.com"):
            return {"Service": obj}
        return {"AWS": f"arn:aws:iam::{obj}:root" if obj.isdigit() else obj}

    def condition_merge(self, obj: dict[str, Any]) -> None:
        for name in ("SourceArn", "SourceAccount"):
            for operator, keys in obj.pop(name, {}).items():
                obj.setdefault("Condition", {}).setdefault(operator, {}).update(keys)


def install(replacements: Replacements, invoker: Invoker) -> None:
    DeployedFunction.invoker = invoker
    replacements.replace(moto.awslambda.models, "LambdaFunction", DeployedFunction)
    replacements.wrap(LambdaBackend, "create_event_source_mapping", _created)
    replacements.wrap(LambdaBackend, "update_event_source_mapping", _updated)
    replacements.wrap(LambdaResponse, "invoke", _without_qualifier)
    for name, what in _NOT_CARRIED_OUT.items():
        replacements.replace(LambdaBackend, name, _refusing(what))


def _refusing(what: str) -> Callable[..., Any]:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise not_carried_out(what)

    return refuse


def _without_qualifier(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """moto looks for the parameter in lower case, and so passes over it."""

    def invoke_latest(self: LambdaResponse) -> Any:
        if "Qualifier" in self.querystring:
            raise not_carried_out("versions and aliases of functions (Qualifier)")
        return invoke(self)

    return invoke_latest


def _created(create: Callable[..., EventSourceMapping]) -> Callable[..., EventSourceMapping]:
    """As Lambda refuses a mapping, and the sandbox: moto takes any."""

    def create_checked(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
        source = Arn.parse(spec["EventSourceArn"])
        if source.service not in EVENT_SOURCES:
            raise not_carried_out(f"event-source mappings of {spec['EventSourceArn']}")
        _check_members(spec)
        timeout = int(self.get_function(spec["FunctionName"]).timeout)
        queue = get_backend("sqs")[self.account_id][self.region_name].queues.get(source.resource)
        visibility = getattr(queue, "visibility_timeout", timeout)
        if visibility < timeout:
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {visibility} seconds is less than Function timeout: "
                f"{timeout} seconds"
            )
        created = create(self, spec)
        DeployedFunction.invoker.mappings_changed()
        return created

    return create_checked


def _updated(update: Callable[..., EventSourceMapping]) -> Callable[..., EventSourceMapping]:
    def update_checked(self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> EventSourceMapping:
        _check_members(spec)
        updated = update(self, uuid, spec)
        DeployedFunction.invoker.mappings_changed()
        return updated

    return update_checked


def _check_members(spec: Mapping[str, Any]) -> None:
    """What is empty changes nothing, and passes."""
    given = {name for name, value in spec.items() if value and value != {"Filters": []}}
    if unknown := sorted(given - MAPPING_MEMBERS - _MAPPING_BASICS):
        raise not_carried_out(f"{', '.join(unknown)} of event-source mappings")
    if int(spec.get("BatchSize") or 1) > _BATCH_LIMIT:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            f"greater than {_BATCH_LIMIT}"
        )
