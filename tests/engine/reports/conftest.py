"""The report functions on what the generator of reports writes."""

from tests.support.aws_in_process import aws

__all__ = ["aws"]
