"""A Lambda function from a folder in handlers/, with its own role and log group."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document, service_trust
from components.packaging.archives import Platform, entry_point, handler_archive

_ENVIRONMENT_BYTES = 4096
"""Lambda's quota for a function's environment, which nobody can raise: of its JSON text, as the
error says of it that it was measured."""


@dataclass(frozen=True, kw_only=True)
class FunctionHome:
    """What the functions of a stack have in common."""

    account: str
    platform: Platform
    base_layer: pulumi.Input[str]
    """ARN of the version of the layer that every handler needs."""
    log_retention_days: int


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    handler: str
    """The folder in handlers/."""
    description: str
    environment: Mapping[str, pulumi.Input[str]]
    permissions: Sequence[Statement]
    """What its role may do beyond writing its own log."""
    home: FunctionHome
    settings: str | None = None
    """JSON that lies beside its code as settings.json."""
    queue_arn: pulumi.Input[str] | None = None
    """Of a queue that it works off, in batches of which it says what failed."""
    batch_size: int = 10
    """Messages that it is handed at once, and has its timeout for; 10 at most."""
    maximum_concurrency: int | None = None
    """How many batches at once; None: as many as Lambda likes."""
    more_layers: Sequence[pulumi.Input[str]] = ()
    """ARNs of layer versions beside the base."""
    memory_mb: int = 256
    timeout_seconds: int = 60
    scratch_mb: int = 512
    """Its temporary storage; 512 to 10,240."""
    region: str | None = None
    """Where it runs, as its queue and layers; None: the provider's."""


class Function(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{name}",
            retention_in_days=args.home.log_retention_days,
            region=args.region,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            name=name,
            assume_role_policy=service_trust("lambda.amazonaws.com", args.home.account),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            name,
            name=name,
            role=role.name,
            policy=policy_document(
                Statement(
                    sid="WriteItsLog",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[pulumi.Output.concat(logs.arn, ":*")],
                ),
                *args.permissions,
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            name,
            name=name,
            description=args.description,
            role=role.arn,
            runtime=args.home.platform.runtime,
            architectures=[args.home.platform.architecture],
            handler=entry_point(args.handler),
            code=handler_archive(args.handler, args.settings),
            layers=[args.home.base_layer, *args.more_layers],
            environment={"variables": _fitting(name, args.environment)},
            memory_size=args.memory_mb,
            timeout=args.timeout_seconds,
            ephemeral_storage={"size": args.scratch_mb},
            logging_config={"log_format": "JSON", "log_group": logs.name},
            region=args.region,
            # A first invocation must find the role's permissions in place.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        if args.queue_arn is not None:
            aws.lambda_.EventSourceMapping(
                name,
                event_source_arn=args.queue_arn,
                function_name=function.name,
                batch_size=args.batch_size,
                maximum_batching_window_in_seconds=0,
                function_response_types=["ReportBatchItemFailures"],
                scaling_config={"maximum_concurrency": args.maximum_concurrency}
                if args.maximum_concurrency is not None
                else None,
                region=args.region,
                opts=child,
            )
        self.name = function.name
        self.arn = function.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def _fitting(
    name: str, environment: Mapping[str, pulumi.Input[str]]
) -> pulumi.Input[Mapping[str, pulumi.Input[str]]]:
    """The same, refused where Lambda would, before anything is deployed: by what is known at once,
    and by all of it as soon as that is known."""

    def checked(values: Mapping[str, str]) -> Mapping[str, str]:
        sizes = {variable: _size({variable: value}) for variable, value in values.items()}
        if _size(values) > _ENVIRONMENT_BYTES:
            largest = sorted(sizes, key=lambda variable: -sizes[variable])[:3]
            told = ", ".join(f"{variable} {sizes[variable]}" for variable in largest)
            raise pulumi.RunError(
                f"the environment of the function {name} takes {_size(values)} bytes, and Lambda "
                f"takes {_ENVIRONMENT_BYTES}; the largest are: {told}. Shorten what settings say "
                "of them, or hand them over as FunctionArgs.settings"
            )
        return values

    known = {key: value for key, value in environment.items() if isinstance(value, str)}
    checked(known)
    if len(known) == len(environment):
        return environment
    return pulumi.Output.all(**environment).apply(checked)


def _size(values: Mapping[str, str]) -> int:
    return len(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode())
