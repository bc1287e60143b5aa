"""The way of reports' mails out of SES, and the alarms when one bounces or is complained about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.iam import Statement
from reports.aws_partition import aws_partition

_CONFIGURATION_SET = "ses:configuration-set"
"""A tag that SES puts on each mail."""


@dataclass(frozen=True, kw_only=True)
class ReportSenderArgs:
    account: str
    region: str
    address: str
    identity_exists: bool
    """SES has a verified identity of the address or its domain: none is made."""
    alarm_topics: Sequence[pulumi.Input[str]]


class ReportSender(pulumi.ComponentResource):
    configuration_set: pulumi.Output[str]
    dns_records: pulumi.Output[Sequence[Mapping[str, str]]]
    """By which SES verifies the domain; none, where its identity existed."""

    def __init__(
        self, name: str, args: ReportSenderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportSender", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        domain = args.address.rpartition("@")[2]
        self.dns_records = pulumi.Output.from_input([])
        if not args.identity_exists:
            identity = aws.sesv2.EmailIdentity(name, email_identity=domain, opts=child)
            self.dns_records = identity.dkim_signing_attributes.apply(
                lambda dkim: _records(domain, dkim.tokens or [])
            )
        mails = aws.sesv2.ConfigurationSet(
            name,
            configuration_set_name=name,
            delivery_options={"tls_policy": "REQUIRE"},
            opts=child,
        )
        aws.sesv2.ConfigurationSetEventDestination(
            name,
            configuration_set_name=mails.configuration_set_name,
            event_destination_name="metrics",
            event_destination={
                "enabled": True,
                "matching_event_types": ["BOUNCE", "COMPLAINT"],
                "cloud_watch_destination": {
                    "dimension_configurations": [
                        {
                            "dimension_name": _CONFIGURATION_SET,
                            "dimension_value_source": "MESSAGE_TAG",
                            "default_dimension_value": name,
                        }
                    ]
                },
            },
            opts=child,
        )
        for metric, what in (("Bounce", "came back"), ("Complaint", "was marked as spam")):
            Alarm(
                f"{name}-{metric.lower()}",
                AlarmArgs(
                    description=f"A report's mail {what}: SES's console tells the address. Take "
                    "it out of the settings, or SES stops sending for this account.",
                    namespace="AWS/SES",
                    metric=metric,
                    dimensions={_CONFIGURATION_SET: name},
                    statistic="Sum",
                    topics=args.alarm_topics,
                ),
                child,
            )
        self._args = args
        self.configuration_set = mails.configuration_set_name
        self.register_outputs(
            {"configuration_set": self.configuration_set, "dns_records": self.dns_records}
        )

    def permissions(self) -> list[Statement]:
        """What sends a mail from the address. SES goes by the address's identity, where it has
        one, else by the domain's."""
        ses = f"arn:{aws_partition(self._args.region)}:ses:{self._args.region}:{self._args.account}"
        address = self._args.address
        return [
            Statement(
                sid="SendItsMails",
                # The second is asked of a mail that is sent as it stands, attachment and all.
                actions=["ses:SendEmail", "ses:SendRawEmail"],
                resources=[
                    f"{ses}:identity/{address}",
                    f"{ses}:identity/{address.rpartition('@')[2]}",
                    pulumi.Output.concat(f"{ses}:configuration-set/", self.configuration_set),
                ],
                conditions={"StringEquals": {"ses:FromAddress": address}},
            )
        ]


def _records(domain: str, tokens: Sequence[str]) -> list[Mapping[str, str]]:
    return [
        {
            "name": f"{token}._domainkey.{domain}",
            "type": "CNAME",
            "value": f"{token}.dkim.amazonses.com",
        }
        for token in tokens
    ]
