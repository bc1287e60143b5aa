"""Amazon Resource Names, taken apart."""

from dataclasses import dataclass

_SEGMENTS = 6


@dataclass(frozen=True, kw_only=True)
class Arn:
    """`arn:partition:service:region:account:resource`; region and account may be empty."""

    service: str
    region: str
    account: str
    resource: str

    @staticmethod
    def parse(text: str) -> "Arn":
        """Raises ValueError for what is no ARN."""
        segments = text.split(":", _SEGMENTS - 1)
        if len(segments) != _SEGMENTS or segments[0] != "arn":
            raise ValueError(f"{text!r} is no ARN (arn:partition:service:region:account:resource)")
        _, _, service, region, account, resource = segments
        return Arn(service=service, region=region, account=account, resource=resource)
