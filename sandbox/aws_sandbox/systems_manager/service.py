"""Systems Manager as the daemon runs it: Automation and Run Command behind moto's API."""

from collections.abc import Callable

from aws_sandbox.aws.context import Services
from aws_sandbox.events.work import Work
from aws_sandbox.moto_changes import ssm
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.systems_manager.automations import Automations


class SystemsManager:
    """Started before anything is deployed; stopped before the work that it is part of."""

    def __init__(self, *, services: Services, endpoint: Callable[[], str], work: Work) -> None:
        self._automations = Automations(services=services, endpoint=endpoint, work=work)
        self._replacements = Replacements()

    def start(self) -> None:
        ssm.install(self._replacements, self._automations.operations)

    def stop(self) -> None:
        self._automations.stop()
        self._replacements.undo()
