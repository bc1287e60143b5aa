"""A stand-in for ServiceNow: the Table API for incidents, on this machine."""

from aws_sandbox.servicenow.authentication import Credentials, Fault, RateLimit
from aws_sandbox.servicenow.incidents import Instance
from aws_sandbox.servicenow.service import ServiceNow

__all__ = ["Credentials", "Fault", "Instance", "RateLimit", "ServiceNow"]
