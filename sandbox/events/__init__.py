"""What carries events through the deployed resources inside the sandbox's daemon."""

from sandbox.events.pump import Pump
from sandbox.events.work import PumpCrashedError, UnsettledError

__all__ = ["Pump", "PumpCrashedError", "UnsettledError"]
