"""The genuine Pulumi engine with the stand-in plugin, on an AWS of this process."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from pulumi import automation

from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.plugin import ForkServer, install
from sandbox.tests.moto_state import forget_everything

ACCOUNT, MANAGEMENT, REGION = "999999999999", "111111111111", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"


class Engine:
    """Deploys programs onto the sandbox, each test in a stack and a backend of its own."""

    def __init__(
        self, folder: Path, home: Path, server: AwsServer, command: automation.PulumiCommand
    ) -> None:
        self.server = server
        self._folder = folder
        state = folder / "state"
        for each in (state, folder / "work"):
            each.mkdir(parents=True)
        self._command = command
        self._environment = {
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "for tests",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "sandbox-administrator-111111111111",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }

    def stack(self, program: Callable[[], None]) -> automation.Stack:
        """The test's stack, to be deployed from this program."""
        options = automation.LocalWorkspaceOptions(
            work_dir=str(self._folder / "work"),
            pulumi_command=self._command,
            env_vars=self._environment,
        )
        return automation.create_or_select_stack(
            "test", project_name="plugin", program=program, opts=options
        )

    def state_file(self) -> str:
        """The state as it lies on the disk."""
        return (self._folder / "state/.pulumi/stacks/plugin/test.json").read_text()

    def client(self, service: Any) -> Any:
        """A client of the account that programs deploy into."""
        session: Any = self.server.session(ACCOUNT, REGION)
        return session.client(service)


def provider(**arguments: Any) -> pulumi_aws.Provider:
    """The provider of the programs: in the account, by the role that administers it."""
    return pulumi_aws.Provider(
        "member",
        region=REGION,
        assume_roles=[pulumi_aws.ProviderAssumeRoleArgs(role_arn=ROLE)],
        allowed_account_ids=[ACCOUNT],
        **arguments,
    )


def resources(stack: automation.Stack) -> Mapping[str, Mapping[str, Any]]:
    """The state's resources by their names in the program."""
    deployment: Any = stack.export_stack().deployment
    found: list[dict[str, Any]] = deployment["resources"]
    return {each["urn"].rpartition("::")[2]: each for each in found}


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    accounts = (Account(id=MANAGEMENT, name="management"), Account(id=ACCOUNT, name="plugin"))
    forget_everything()
    started = AwsServer(Organization(accounts=accounts))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def forking_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Pulumi home with the plugin and its fork server."""
    home = tmp_path_factory.mktemp("home")
    install(home)
    with ForkServer(home):
        yield home


@pytest.fixture
def engine(
    tmp_path: Path, server: AwsServer, forking_home: Path, pulumi: automation.PulumiCommand
) -> Engine:
    return Engine(tmp_path, forking_home, server, pulumi)


@pytest.fixture
def plain_engine(tmp_path: Path, server: AwsServer, pulumi: automation.PulumiCommand) -> Engine:
    """An engine whose plugins run by themselves."""
    home = tmp_path / "home"
    install(home)
    return Engine(tmp_path, home, server, pulumi)


@pytest.fixture
def member() -> Callable[..., pulumi_aws.Provider]:
    return provider


@pytest.fixture
def state() -> Callable[[automation.Stack], Mapping[str, Mapping[str, Any]]]:
    return resources
