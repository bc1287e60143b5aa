"""What may stand in either central account: reports, the alert bus, ticketing."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.alert_bus import AlertBus, AlertBusArgs
from components.ticketing import Ticketing, TicketingArgs
from stacks import names
from stacks.contracts import AlertsContract, Contract, TicketingContract, consume
from stacks.forwarding import forward_alerts
from stacks.functions import function_home
from stacks.organization import OrganizationReader
from stacks.providers import account_provider
from stacks.references import alerts_stack
from stacks.reports import Bucket, ReportParts
from stacks.settings import AuditSettings, ManagementSettings
from stacks.settings import Ticketing as TicketingSettings


class CentralParts:
    """Deploys what the settings place in a central account; `contracts` is what it publishes."""

    contracts: list[Contract]
    reports_bucket: Bucket | None

    def __init__(self, settings: ManagementSettings | AuditSettings) -> None:
        provider = account_provider(settings)
        self.opts = pulumi.ResourceOptions(provider=provider)
        self.contracts = []
        self.reports_bucket = None
        self._settings = settings
        self._prefix = names.prefix(settings.customer)
        self._organization = OrganizationReader(provider)
        self._home = function_home(settings, self.opts)
        self.contracts.append(forward_alerts(settings, self._alerts(), self.opts))
        if settings.reports is not None:
            reports = ReportParts(
                settings, settings.reports, self._organization, self._home, self.opts
            )
            self.contracts.append(reports.contract)
            self.reports_bucket = reports.bucket

    def after(self, resources: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        """The account's options, for what needs these resources to stand."""
        return pulumi.ResourceOptions.merge(
            self.opts, pulumi.ResourceOptions(depends_on=list(resources))
        )

    def _alerts(self) -> AlertsContract:
        """The alert bus, with ticketing, if it stands here; else what its stack publishes."""
        settings = self._settings
        if settings.alerts_in != settings.role:
            return consume(AlertsContract, alerts_stack(settings))
        bus = AlertBus(
            f"{self._prefix}-alerts",
            AlertBusArgs(organization_id=self._organization.id()),
            self.opts,
        )
        alerts = AlertsContract(alert_bus_arn=bus.arn)
        self.contracts.append(alerts)
        if settings.ticketing is not None:
            self.contracts.append(self._ticketing(settings.ticketing, bus.name))
        return alerts

    def _ticketing(
        self, wanted: TicketingSettings, bus_name: pulumi.Input[str]
    ) -> TicketingContract:
        settings = self._settings
        ticketing = Ticketing(
            f"{self._prefix}-tickets",
            TicketingArgs(
                account=settings.account,
                region=settings.region,
                customer=settings.customer,
                alert_bus_name=bus_name,
                service_now_url=wanted.url,
                service_now_secret=wanted.secret,
                assignment_group=wanted.assignment_group or "",
                urgency=wanted.urgency,
                impact=wanted.impact,
                close_code=wanted.close_code,
                alarm_prefix=f"{self._prefix}-",
                home=self._home,
                alarm_topics=settings.alarm_topics_in(settings.region),
            ),
            self.opts,
        )
        return TicketingContract(
            ticket_topic_arn=ticketing.topic_arn,
            ticket_queue=ticketing.queue_url,
            ticket_dead_letters=ticketing.dead_letters_url,
            ticket_function=ticketing.function_name,
        )
