"""A stand-in for ServiceNow: the Table API for incidents, on this machine."""

from sandbox.servicenow.access import Credentials, RateLimit
from sandbox.servicenow.faults import Fault
from sandbox.servicenow.instance import Instance
from sandbox.servicenow.service import ServiceNow

__all__ = ["Credentials", "Fault", "Instance", "RateLimit", "ServiceNow"]
