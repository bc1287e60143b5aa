"""A handle on a running sandbox: started, found again, and stopped by its directory."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import boto3

from aws_sandbox.address import Address
from aws_sandbox.aws.organization import SECRET_ACCESS_KEY, Organization
from aws_sandbox.boto import boto_session

_LOG_FILE = "sandbox.log"
_ORGANIZATIONS_FILE = "organizations.json"
_LOG_TAIL_LINES = 20
_TWELVE_HOURS = 43_200
_POLL_SECONDS = 0.05

OF_AWS = ("AWS_", "BOTO", "MOTO_")
"""How variables begin that lead an SDK elsewhere, or change what stands in for AWS here."""


class SandboxError(Exception):
    """The sandbox does not run, or refused a call; the message says what to look at."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A sandbox by its address."""

    directory: Path
    address: Address
    process: "subprocess.Popen[bytes] | None" = field(default=None, compare=False, repr=False)
    """The daemon, where this handle has started it."""

    @staticmethod
    def start(
        directory: Path,
        *,
        organizations: Sequence[Organization] = (Organization(),),
        time_scale: float = 60.0,
        with_parent: bool = False,
        pulumi_home: Path | None = None,
        timeout_seconds: float = 60.0,
    ) -> "Sandbox":
        """Starts a daemon and waits until it answers.

        With `pulumi_home`, where the plugin is installed, deployments start it faster.
        With `with_parent` it ends with this process. Raises SandboxError with the end of the
        daemon's log when it does not come up, and when one runs in this directory already.
        """
        directory.mkdir(parents=True, exist_ok=True)
        running = Address.read(directory)
        if running is not None and _is_daemon(running):
            raise SandboxError(f"a sandbox runs in {directory} already: attach to it or stop it")
        Address.remove(directory)
        file = directory / _ORGANIZATIONS_FILE
        file.write_text(json.dumps([asdict(each) for each in organizations], indent=2))
        options = ["--directory", str(directory), "--time-scale", str(time_scale)]
        options += ["--organizations", str(file)]
        if with_parent:
            options.append("--with-parent")
        if pulumi_home is not None:
            options += ["--pulumi-home", str(pulumi_home)]
        log = directory / _LOG_FILE
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "aws_sandbox", *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_daemon_environment(),
                start_new_session=True,
            )
        address = _await_address(directory, process, log, timeout_seconds)
        return Sandbox(directory=directory, address=address, process=process)

    @staticmethod
    def attach(directory: Path) -> "Sandbox":
        """The sandbox that runs in a directory; SandboxError when none does."""
        address = Address.read(directory)
        if address is None or not _is_daemon(address):
            raise SandboxError(f"no sandbox runs in {directory}: start one")
        return Sandbox(directory=directory, address=address)

    @property
    def endpoint(self) -> str:
        return self.address.endpoint

    @property
    def servicenow_url(self) -> str:
        return self.address.servicenow

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Ends the daemon and waits for its end; does nothing when it has ended already."""
        if not _is_daemon(self.address):
            Address.remove(self.directory)
            return
        os.kill(self.address.pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_seconds
        while self._is_alive():
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"the sandbox (process {self.address.pid}) has not ended after "
                    f"{timeout_seconds} s: {self.directory / _LOG_FILE}"
                )
            time.sleep(_POLL_SECONDS)

    def _is_alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        try:
            os.kill(self.address.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def organizations(self) -> Sequence[Organization]:
        """In the order in which they were given or created."""
        return [Organization.read(content) for content in self.call("organizations")]

    def create_organization(self, organization: Organization) -> None:
        """Adds an organization, or what one of this id lacks yet: accounts and units.

        Raises SandboxError where an account belongs to another organization already.
        """
        self.call("organizations.create", **asdict(organization))

    def organization_of(self, account: str) -> Organization:
        """The organization that an account was given to; SandboxError when there is none."""
        organizations = self.organizations
        found = next((each for each in organizations if each.has(account)), None)
        if found is None:
            there = ", ".join(sorted(own.id for each in organizations for own in each.accounts))
            raise SandboxError(f"no organization here has the account {account}; there are {there}")
        return found

    def session(self, account: str, region: str) -> boto3.Session:
        """Acts as an account's administrator role, for twelve hours."""
        organization = self.organization_of(account)
        own = boto_session(
            self.endpoint,
            region,
            access_key_id=organization.access_key_id,
            secret_access_key=SECRET_ACCESS_KEY,
        )
        credentials = own.client("sts").assume_role(
            RoleArn=organization.role_arn(account),
            RoleSessionName="sandbox",
            DurationSeconds=_TWELVE_HOURS,
        )["Credentials"]
        return boto_session(
            self.endpoint,
            region,
            access_key_id=credentials["AccessKeyId"],
            secret_access_key=credentials["SecretAccessKey"],
            session_token=credentials["SessionToken"],
        )

    def environment(self, region: str = "us-east-1", *, account: str = "") -> Mapping[str, str]:
        """What a shell or an SDK needs to reach the sandbox, as a user of a management account
        that may assume the administrator role of every account of its organization.

        `account` is any of that organization's; "" stands for the sandbox's first organization.
        """
        organization = self.organization_of(account) if account else self.organizations[0]
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": organization.access_key_id,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def call(self, name: str, **fields: Any) -> Any:
        """A control call; SandboxError with the sandbox's message when it refuses."""
        return _call(self.address, name, fields)


def _await_address(
    directory: Path, process: subprocess.Popen[bytes], log: Path, timeout_seconds: float
) -> Address:
    deadline = time.monotonic() + timeout_seconds
    while (address := Address.read(directory)) is None:
        late = time.monotonic() > deadline
        if late:
            process.kill()
        if late or process.poll() is not None:
            what = f"is not up after {timeout_seconds} s" if late else "did not start"
            tail = "\n".join(log.read_text().splitlines()[-_LOG_TAIL_LINES:])
            raise SandboxError(f"the sandbox {what}; {log} ends with\n{tail}")
        time.sleep(_POLL_SECONDS)
    return address


def _call(address: Address, name: str, fields: Mapping[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the address is the loopback interface's
        f"{address.endpoint}/_sandbox/{name}",
        json.dumps(fields).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise SandboxError(f"{name}: {json.load(error).get('error')}") from error
    except OSError as error:
        raise SandboxError(f"{name}: nothing answers at {address.endpoint}: {error}") from error


def _is_daemon(address: Address) -> bool:
    """Whether the daemon that wrote this address runs: it answers there with its process id."""
    try:
        return _call(address, "identity", {}) == {"pid": address.pid}
    except SandboxError:
        return False


def _daemon_environment() -> Mapping[str, str]:
    """Ours without anything of AWS or moto."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OF_AWS)}
