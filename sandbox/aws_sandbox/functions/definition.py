"""A deployed function as moto's Lambda backend holds it, read at the moment of an invocation."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from moto.awslambda.models import LambdaFunction
from moto.backends import get_backend

from aws_sandbox.functions.errors import NotRunnableError


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A zip file as deployed."""

    digest: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Logging:
    """Lambda's LoggingConfig."""

    group: str
    json: bool = False
    level: str = ""
    """ApplicationLogLevel; only with the JSON format."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Everything that decides how a function runs."""

    arn: str
    """With the version's number, but for `$LATEST`."""
    name: str
    version: str
    account: str
    region: str
    role: str
    handler: str
    runtime: str
    architecture: str
    memory_mb: int
    timeout_seconds: int
    environment: Mapping[str, str]
    logging: Logging
    code: Archive
    layers: Sequence[Archive]
    reserved_concurrency: int | None

    @property
    def unqualified_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def fingerprint(self) -> str:
        """Changes with the code and with any setting: then a warm process is not used again."""
        content = asdict(self) | {
            "code": self.code.digest,
            "layers": [layer.digest for layer in self.layers],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_definition(function: LambdaFunction) -> Definition:
    """Raises NotRunnableError for what only a container could run, and for a layer that is gone."""
    if function.package_type != "Zip":
        raise NotRunnableError(
            f"{function.function_arn} is a container image; the sandbox runs zip archives only: "
            "deploy it as a zip archive"
        )
    return Definition(
        arn=function.function_arn,
        name=function.function_name,
        version=str(function.version),
        account=function.account_id,
        region=function.region,
        role=function.role,
        handler=function.handler or "",
        runtime=function.run_time or "",
        architecture=function.architectures[0],
        memory_mb=int(function.memory_size),
        timeout_seconds=int(function.timeout),
        environment=dict(function.environment_vars),
        logging=_logging(function),
        code=Archive(digest=function.code_digest, content=function.code_bytes),
        layers=[_layer(function, layer["Arn"]) for layer in function.layers],
        reserved_concurrency=(
            None if function.reserved_concurrency is None else int(function.reserved_concurrency)
        ),
    )


def _logging(function: LambdaFunction) -> Logging:
    """Lambda's defaults, for what a function does not set or moto does not keep."""
    config: Mapping[str, str] = getattr(function, "logging_config", {})
    as_json = config.get("LogFormat") == "JSON"
    return Logging(
        group=config.get("LogGroup") or f"/aws/lambda/{function.function_name}",
        json=as_json,
        level=config.get("ApplicationLogLevel", "") if as_json else "",
    )


def _layer(function: LambdaFunction, arn: str) -> Archive:
    backend = get_backend("lambda")[function.account_id][function.region]
    version = backend.layers_versions_by_arn(arn)
    if version is None:
        raise NotRunnableError(f"{function.function_arn} uses {arn}, which is deleted: deploy it")
    return Archive(digest=version.code_digest, content=version.code_bytes)
