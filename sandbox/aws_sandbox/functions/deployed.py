"""moto's Lambda function, completed: it keeps what moto drops, and Invoke reaches the runner."""

import base64
import json
import zipfile
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.backends import get_backend

from aws_sandbox.functions.archives import unzipped_size
from aws_sandbox.functions.errors import InvokeError
from aws_sandbox.functions.invocation import Invocation
from aws_sandbox.functions.policy import FunctionPolicy

UNZIPPED_LIMIT = 262_144_000
"""Bytes of a function with its layers, unzipped (Lambda quotas)."""

_LOG_TAIL = 4096
"""Bytes of the log that Invoke returns (`LogType: Tail`)."""

_KEPT = {"DeadLetterConfig": "dead_letter_config", "LoggingConfig": "logging_config"}
"""Members of CreateFunction and UpdateFunctionConfiguration that moto forgets, and where they are
kept."""


class Invoker(Protocol):
    """What Lambda's API reaches."""

    def invoke(self, function_arn: str, event: bytes) -> Invocation: ...

    def invoke_later(self, function_arn: str, event: bytes) -> None: ...

    def mappings_changed(self) -> None: ...


class DeployedFunction(LambdaFunction):
    """Stands in for moto's class while the sandbox runs."""

    invoker: ClassVar[Invoker]

    def __init__(
        self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1
    ) -> None:
        super().__init__(account_id, spec, region, version)
        self.policy = FunctionPolicy(self)
        self.dead_letter_config: Mapping[str, str] = {}
        self.logging_config: Mapping[str, str] = {
            "LogFormat": "Text",
            "LogGroup": f"/aws/lambda/{self.function_name}",
        }
        self._keep(spec)
        self._check_size()

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        super().update_configuration(config_updates)
        self._keep(config_updates)
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        self._check_size()
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        super().update_function_code(updated_spec)
        if "Architectures" in updated_spec:
            self.architectures = updated_spec["Architectures"]
        self._check_size()
        return self.get_configuration()

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        configuration = super().get_configuration(on_create)
        configuration["LoggingConfig"] = self.logging_config
        if self.dead_letter_config.get("TargetArn"):
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> str | bytes:
        """The Invoke API, by `X-Amz-Invocation-Type`; nothing of moto's own (Docker) is tried."""
        kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
        event = (body or "{}").encode()
        try:
            json.loads(event)
        except ValueError as error:
            raise LambdaClientError(
                "InvalidRequestContentException",
                f"Could not parse request body into json: {error}",
            ) from error
        if kind == "DryRun":
            return b""
        if kind == "Event":
            self.invoker.invoke_later(self.function_arn, event)
            return b""
        try:
            invocation = self.invoker.invoke(self.function_arn, event)
        except InvokeError as error:
            refusal = LambdaClientError(error.code, str(error))
            refusal.code = error.status
            raise refusal from error
        response_headers["X-Amz-Executed-Version"] = invocation.version
        if invocation.error:
            response_headers["x-amz-function-error"] = invocation.error
        tail = invocation.log.encode()[-_LOG_TAIL:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        return invocation.payload

    def _keep(self, spec: Mapping[str, Any]) -> None:
        for member, attribute in _KEPT.items():
            if member in spec:
                setattr(self, attribute, {**getattr(self, attribute), **spec[member]})

    def _check_size(self) -> None:
        if self.package_type != "Zip":
            return
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
