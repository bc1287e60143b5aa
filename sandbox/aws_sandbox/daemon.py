"""The sandbox's daemon: every part of it, put together and served from one process."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from aws_sandbox.address import Address
from aws_sandbox.aws.backup.control_calls import add_backup_controls
from aws_sandbox.aws.organization import Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.backup_history import BackupHistory
from aws_sandbox.control import ControlApi
from aws_sandbox.events.pump import Pump
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Journal
from aws_sandbox.mails import add_mail_controls
from aws_sandbox.moto_changes.athena import install as install_athena
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.plugin import ForkServer
from aws_sandbox.report_jobs import ReportJobs
from aws_sandbox.servicenow import ServiceNow
from aws_sandbox.systems_manager.service import SystemsManager

_PARENT_CHECK_SECONDS = 1.0
_LOOPBACK = (None, "", "127.0.0.1", "::1", "localhost")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a sandbox is started."""

    directory: Path
    """Where its address and what it unpacks are kept."""
    organizations: Sequence[Organization] = (Organization(),)
    time_scale: float = 60.0
    """Divides visibility timeouts, delays and the waits before retries."""
    with_parent: bool = False
    """Ends when the process that started it ends."""
    pulumi_home: Path | None = None
    """Where the plugin is installed; a process that forks it quickly is then kept ready."""


class Daemon:
    """One AWS with its events, functions, reports and ServiceNow."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stopped = threading.Event()
        self._forks: ForkServer | None = None
        self.journal = Journal()
        self.control = ControlApi()
        self.servicenow = ServiceNow()
        self._reports = ReportJobs(lambda: self.server)
        self.server = AwsServer(
            *options.organizations,
            emit=self._emit,
            start_report=self._reports.start,
            journal=self.journal,
            control=self.control,
        )
        access = self.server.services.access
        functions = Functions(
            access=access,
            journal=self.journal,
            cache=options.directory / "functions",
            endpoint=lambda: self.server.url,
        )
        self._pump = Pump(
            journal=self.journal,
            functions=functions,
            access=access,
            time_scale=options.time_scale,
        )
        self._systems_manager = SystemsManager(
            services=self.server.services,
            endpoint=lambda: self.server.url,
            work=self._pump.work,
            folder=options.directory / "instances",
        )
        self._replacements = Replacements()
        self._athena = install_athena(self._replacements, options.directory / "athena")
        self._add_controls()

    def _emit(self, account: str, region: str, event: Mapping[str, Any]) -> None:
        self._pump.eventbridge.emit(account, region, event)

    def _add_controls(self) -> None:
        self.control.add("identity", lambda _given: {"pid": os.getpid()}, reads_only=True)
        self.control.add(
            "organizations",
            lambda _given: [asdict(each) for each in self.server.organizations],
            reads_only=True,
        )
        self.control.add("organizations.create", self._create_organization)
        self.control.add("journal", self.journal.page, reads_only=True)
        self.control.add("servicenow", self.servicenow.control)
        self._pump.register(self.control)
        self._systems_manager.register(self.control)
        self._reports.add_controls(self.control)
        add_backup_controls(self.control, self.server.services)
        add_mail_controls(self.control)
        self.server.services.ageing.add_controls(self.control)
        self.server.services.throttling.add_controls(self.control)
        BackupHistory(self.server.services).add_controls(self.control)

    def _create_organization(self, given: Mapping[str, Any]) -> None:
        self.server.create_organization(Organization.read(given))

    def run(self) -> None:
        """Serves until SIGTERM or SIGINT, or until `stop`."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self._stopped.set())
        _forbid_the_network()
        self.start()
        try:
            self._wait()
        finally:
            self.stop()

    def start(self) -> None:
        """Everything up, then the address, so that whoever reads it can call at once."""
        self._options.directory.mkdir(parents=True, exist_ok=True)
        if self._options.pulumi_home is not None:
            self._forks = ForkServer(self._options.pulumi_home)
        self._pump.start()
        self._systems_manager.start()
        self.servicenow.start()
        self.server.start()
        Address(pid=os.getpid(), endpoint=self.server.url, servicenow=self.servicenow.url).write(
            self._options.directory
        )

    def stop(self) -> None:
        Address.remove(self._options.directory)
        self._systems_manager.stop()
        self.server.stop()
        self._reports.stop()
        self._athena.stop()
        self._replacements.undo()
        self._pump.stop()
        self.servicenow.stop()
        if self._forks is not None:
            self._forks.stop()

    def _wait(self) -> None:
        parent = os.getppid()
        while not self._stopped.wait(_PARENT_CHECK_SECONDS):
            if self._options.with_parent and os.getppid() != parent:
                log.info("the parent has ended")
                return


def _forbid_the_network() -> None:
    """From now on this process reaches the loopback interface alone, whatever a library tries."""
    sys.addaudithook(_only_loopback)


def _only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = cast("tuple[Any, ...]", arguments[1])[0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host not in _LOOPBACK:
        raise PermissionError(f"the sandbox reaches nothing but this machine, not {host}")
