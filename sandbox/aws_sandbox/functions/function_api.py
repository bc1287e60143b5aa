"""moto's Lambda, completed where the sandbox needs it to be as AWS is."""

from collections.abc import Callable
from typing import Any

import moto.awslambda.models
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.awslambda.responses import LambdaResponse
from moto.backends import get_backend
from moto.logs.models import LogsBackend

from aws_sandbox.aws.arns import Arn
from aws_sandbox.functions.deployed import DeployedFunction, Invoker
from aws_sandbox.moto_changes.replacements import Replacements

_POLLED_ALONE = 10
"""Messages that a batch may have without a batching window."""


def install(replacements: Replacements, invoker: Invoker) -> None:
    DeployedFunction.invoker = invoker
    replacements.replace(moto.awslambda.models, "LambdaFunction", DeployedFunction)
    replacements.wrap(LambdaBackend, "create_event_source_mapping", _with_valid_times)
    for name in ("create_event_source_mapping", "update_event_source_mapping"):
        replacements.wrap(LambdaBackend, name, _telling)
    replacements.wrap(LambdaBackend, "put_function_event_invoke_config", _replacing)
    replacements.replace(LambdaBackend, "update_function_event_invoke_config", _update)
    replacements.wrap(LambdaResponse, "invoke", _with_qualifier)
    replacements.wrap(LogsBackend, "put_subscription_filter", _refusing_functions)


def _with_qualifier(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """moto looks for the parameter in lower case."""

    def invoke_qualified(self: LambdaResponse) -> Any:
        if "Qualifier" in self.querystring:
            self.querystring["qualifier"] = self.querystring["Qualifier"]
        return invoke(self)

    return invoke_qualified


def _refusing_functions(put: Callable[..., None]) -> Callable[..., None]:
    """moto would wait for the function while it writes to the log."""

    def put_other(*args: Any, **kwargs: Any) -> None:
        destination = kwargs.get("destination_arn") or args[4]
        if Arn.parse(destination).service == "lambda":
            raise NotImplementedError("log subscriptions to functions are not carried")
        put(*args, **kwargs)

    return put_other


def _telling(change: Callable[..., Any]) -> Callable[..., Any]:
    def change_and_tell(*args: Any, **kwargs: Any) -> Any:
        changed = change(*args, **kwargs)
        DeployedFunction.invoker.mappings_changed()
        return changed

    return change_and_tell


def _with_valid_times(
    create: Callable[..., EventSourceMapping],
) -> Callable[..., EventSourceMapping]:
    """As Lambda refuses a mapping: moto takes any."""

    def create_checked(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
        if Arn.parse(spec["EventSourceArn"]).service != "sqs":
            raise NotImplementedError(f"nothing is carried from {spec['EventSourceArn']}")
        timeout = int(self.get_function(spec["FunctionName"]).timeout)
        queues = get_backend("sqs")[self.account_id][self.region_name].queues
        queue = queues.get(Arn.parse(spec["EventSourceArn"]).resource)
        visibility = getattr(queue, "visibility_timeout", timeout)
        if visibility < timeout:
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {visibility} seconds is less than Function timeout: "
                f"{timeout} seconds"
            )
        large = int(spec.get("BatchSize") or 1) > _POLLED_ALONE
        if large and not spec.get("MaximumBatchingWindowInSeconds"):
            raise InvalidParameterValueException(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
                f"greater than {_POLLED_ALONE}"
            )
        return create(self, spec)

    return create_checked


def _replacing(put: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Replaces what was there: moto would add to it, and answer with the first ever put."""

    def put_alone(
        self: LambdaBackend, function_name: str, config: dict[str, Any]
    ) -> dict[str, Any]:
        self.get_function(function_name).event_invoke_config.clear()
        return put(self, function_name, config)

    return put_alone


def _update(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Keeps what the update does not name."""
    found = self.get_function(function_name).event_invoke_config
    before = found[-1].config if found else {}
    return self.put_function_event_invoke_config(function_name, {**before, **config})
