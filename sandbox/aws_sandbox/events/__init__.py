"""What carries events through the deployed resources inside the sandbox's daemon."""

from aws_sandbox.events.pump import Pump
from aws_sandbox.events.work import PumpCrashedError, UnsettledError

__all__ = ["Pump", "PumpCrashedError", "UnsettledError"]
