"""The way of an account's events to the alert bus, the same in every stack."""

import pulumi

from components.alert_forwarding import AlertForwarding, AlertForwardingArgs
from components.event_patterns import job_ends_and_alarms
from stacks import names
from stacks.contracts import AlertsContract, ForwardingContract
from stacks.settings import StackSettings


def forward_alerts(
    settings: StackSettings, alerts: AlertsContract, opts: pulumi.ResourceOptions
) -> ForwardingContract:
    """Forwards the ends of jobs and this system's own alarms; central accounts may hold backups
    too. Where the bus stands as well, the rule of its default bus is the one way there."""
    prefix = names.prefix(settings.customer)
    forwarding = AlertForwarding(
        f"{prefix}-alerts",
        AlertForwardingArgs(
            alert_bus_arn=alerts.alert_bus_arn,
            event_pattern=job_ends_and_alarms(f"{prefix}-"),
            regions=settings.alert_regions,
            alarm_topics={
                region: settings.alarm_topics_in(region) for region in settings.alert_regions
            },
        ),
        opts,
    )
    return ForwardingContract(alert_dead_letters=pulumi.Output.all(**forwarding.dead_letter_urls))
