"""The plugin as the engine has it, over its own protocol, on all of the sandbox's AWS."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.events.pump import Pump
from aws_sandbox.functions.runner import Functions
from aws_sandbox.moto_changes.athena import install as install_athena
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.plugin.server import started
from aws_sandbox.plugin.values import Properties, Props, decode, encode
from sandbox.tests.moto_state import forget_everything

ACCOUNT, MANAGEMENT, REGION = "555555555555", "111111111111", "eu-west-1"
NOTHING = Properties(values={}, secrets=frozenset())


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What Check answered."""

    inputs: Properties
    failures: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A resource as the engine keeps it."""

    type: str
    name: str
    id: str
    inputs: Properties = NOTHING
    outputs: Properties = NOTHING

    @property
    def identity(self) -> Mapping[str, Any]:
        """What every request about it says."""
        urn = f"urn:pulumi:acme-member::backup-org::{self.type}::{self.name}"
        return {"urn": urn, "name": self.name, "type": self.type}


class Plugin:
    """One provider, asked as the engine asks."""

    def __init__(self) -> None:
        self._server, port = started(ThreadPoolExecutor())
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()
        self._server.stop(grace=None).wait()

    def configure(self, **inputs: Any) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=encode(inputs)))

    def check(
        self,
        type_: str,
        inputs: Props,
        *,
        name: str = "it",
        secrets: Any = (),
        olds: Props | None = None,
        autonaming: Any = None,
    ) -> Checked:
        request = provider_pb2.CheckRequest(
            **Made(type=type_, name=name, id="").identity,
            olds=encode(olds or {}),
            news=encode(inputs, secrets),
            randomSeed=name.encode(),
            autonaming=autonaming,
        )
        answer = self.stub.Check(request)
        failures = {failure.property: failure.reason for failure in answer.failures}
        return Checked(inputs=decode(answer.inputs), failures=failures)

    def make(self, type_: str, inputs: Props, *, name: str = "it", secrets: Any = ()) -> Made:
        checked = self.check(type_, inputs, name=name, secrets=secrets)
        assert not checked.failures, checked.failures
        return self.create(type_, checked.inputs, name=name)

    def create(
        self, type_: str, inputs: Properties, *, name: str = "it", preview: bool = False
    ) -> Made:
        properties = encode(inputs.values, inputs.secrets)
        identity = Made(type=type_, name=name, id="").identity
        request = provider_pb2.CreateRequest(**identity, properties=properties, preview=preview)
        answer = self.stub.Create(request)
        outputs = decode(answer.properties)
        return Made(type=type_, name=name, id=answer.id, inputs=inputs, outputs=outputs)

    def read(self, made: Made) -> Made | None:
        request = provider_pb2.ReadRequest(
            id=made.id,
            **made.identity,
            inputs=encode(made.inputs.values, made.inputs.secrets),
            properties=encode(made.outputs.values, made.outputs.secrets),
        )
        answer = self.stub.Read(request)
        if not answer.id:
            return None
        return Made(
            type=made.type,
            name=made.name,
            id=answer.id,
            inputs=decode(answer.inputs),
            outputs=decode(answer.properties),
        )

    def diff(self, made: Made, inputs: Props) -> Any:
        request = provider_pb2.DiffRequest(
            id=made.id,
            **made.identity,
            olds=encode(made.outputs.values),
            old_inputs=encode(made.inputs.values),
            news=encode(inputs),
        )
        return self.stub.Diff(request)

    def update(self, made: Made, inputs: Properties, *, preview: bool = False) -> Made:
        request = provider_pb2.UpdateRequest(
            id=made.id,
            **made.identity,
            olds=encode(made.outputs.values, made.outputs.secrets),
            old_inputs=encode(made.inputs.values, made.inputs.secrets),
            news=encode(inputs.values, inputs.secrets),
            preview=preview,
        )
        outputs = decode(self.stub.Update(request).properties)
        return Made(type=made.type, name=made.name, id=made.id, inputs=inputs, outputs=outputs)

    def delete(self, made: Made) -> None:
        request = provider_pb2.DeleteRequest(
            id=made.id,
            **made.identity,
            properties=encode(made.outputs.values),
            old_inputs=encode(made.inputs.values),
        )
        self.stub.Delete(request)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """All of the sandbox's AWS, with an account that no other test uses."""
    accounts = (Account(id=MANAGEMENT, name="management"), Account(id=ACCOUNT, name="plugin"))
    forget_everything()
    server = AwsServer(Organization(accounts=accounts))
    services = server.services
    functions = Functions(
        access=services.access,
        journal=services.journal,
        cache=tmp_path_factory.mktemp("functions"),
        endpoint=lambda: server.url,
    )
    pump = Pump(journal=services.journal, functions=functions, access=services.access)
    pump.start()
    server.start()
    yield server
    server.stop()
    pump.stop()


@pytest.fixture
def athena(tmp_path: Path) -> Iterator[None]:
    """The sandbox's Athena, for one test."""
    replacements = Replacements()
    service = install_athena(replacements, tmp_path)
    yield
    service.stop()
    replacements.undo()


@pytest.fixture(scope="module")
def environment(aws: AwsServer) -> Iterator[pytest.MonkeyPatch]:
    """The environment that the engine hands to the plugin."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "sandbox-administrator-111111111111")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        yield patch


@pytest.fixture(scope="module")
def acting(environment: pytest.MonkeyPatch) -> Iterator[Callable[[str], Plugin]]:
    """Providers that act in an account, by the role that administers it."""
    running: dict[str, Plugin] = {}

    def acting(account: str) -> Plugin:
        if account not in running:
            running[account] = plugin = Plugin()
            role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
            plugin.configure(region=REGION, assumeRoles=json.dumps([{"roleArn": role}]))
        return running[account]

    yield acting
    for plugin in running.values():
        plugin.close()


@pytest.fixture(scope="module")
def plugin(acting: Callable[[str], Plugin]) -> Plugin:
    """A provider that acts in the tests' own account."""
    return acting(ACCOUNT)
