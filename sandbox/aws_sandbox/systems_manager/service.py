"""Systems Manager as the daemon runs it: Automation and Run Command behind moto's API."""

from collections.abc import Callable
from pathlib import Path

from aws_sandbox.aws.context import Services
from aws_sandbox.control import ControlApi
from aws_sandbox.events.work import Work
from aws_sandbox.moto_changes import ssm
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.systems_manager.automations import Automations
from aws_sandbox.systems_manager.commands import Commands
from aws_sandbox.systems_manager.instances import Instances
from aws_sandbox.systems_manager.shells import Shells


class SystemsManager:
    """Started before anything is deployed; stopped before the work that it is part of."""

    def __init__(
        self, *, services: Services, endpoint: Callable[[], str], work: Work, folder: Path
    ) -> None:
        """`folder` has one of each instance."""
        self.shells = Shells()
        self.instances = Instances(folder)
        self._commands = Commands(
            services=services,
            endpoint=endpoint,
            work=work,
            instances=self.instances,
            shells=self.shells,
        )
        self._automations = Automations(
            services=services, endpoint=endpoint, work=work, shells=self.shells
        )
        self._replacements = Replacements()

    def register(self, control: ControlApi) -> None:
        self.instances.register(control)

    def start(self) -> None:
        operations = {
            **self._automations.operations,
            **self._commands.operations,
            "DescribeInstanceInformation": self.instances.describe,
        }
        ssm.install(self._replacements, operations)

    def stop(self) -> None:
        """No program on an instance goes on after this."""
        self._automations.stop()
        self._commands.stop()
        self.shells.stop()
        self._replacements.undo()
