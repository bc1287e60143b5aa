"""The way of an account's events to the alert bus, and from there to ServiceNow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alert_bus import AlertBus, AlertBusArgs
from components.alert_forwarding import AlertForwarding, AlertForwardingArgs
from components.event_patterns import MonitoredEvents, event_patterns
from components.function import FunctionHome
from components.reader_role import ReaderRole, ReaderRoleArgs, what_tickets_read
from components.scheduled_event import ScheduledEvent, ScheduledEventArgs
from components.ticketing import Ledger, Ticketing, TicketingArgs
from reports.own_events import DAILY_LOOK, HEARTBEAT
from stacks import names
from stacks.contracts import (
    AlertsContract,
    Contract,
    ForwardingContract,
    TicketingContract,
    consume,
)
from stacks.organization import OrganizationReader
from stacks.references import alerts_stack
from stacks.settings import AuditSettings, MemberSettings, Settings
from stacks.ticket_settings import Ticketing as TicketingSettings


@dataclass(frozen=True, kw_only=True)
class Alerts:
    bus_arn: pulumi.Output[str]
    """Wherever the alert bus stands."""
    contracts: tuple[Contract, ...] = ()
    """Of what stands in this account."""
    ledger: Ledger | None = None
    """Of ticketing, where that stands here."""


def deploy_alerts(
    settings: Settings,
    organization: OrganizationReader,
    home: FunctionHome | None,
    opts: pulumi.ResourceOptions,
) -> Alerts:
    """The alert bus, with ticketing, if it stands here; else what its stack publishes. Without a
    home of functions there is no ticketing."""
    if settings.alerts_in != settings.role:
        return Alerts(bus_arn=consume(AlertsContract, alerts_stack(settings)).alert_bus_arn)
    organization_id = organization.id_if_any() if settings.alerts_in != "member" else None
    bus = AlertBus(
        names.alert_bus(settings),
        AlertBusArgs(
            organization_id=organization_id,
            event_patterns=[*event_patterns(_monitored(settings)).values()],
        ),
        opts,
    )
    alerts = AlertsContract(alert_bus_arn=bus.arn)
    if settings.ticketing is None or home is None:
        return Alerts(bus_arn=bus.arn, contracts=(alerts,))
    ticketing = _ticketing(
        settings,
        settings.ticketing,
        bus,
        home,
        opts,
        organization_accounts=_accounts_to_ask_for(settings, organization_id),
    )
    if settings.monitoring.heartbeat:
        _look_daily(settings, opts)
    told = TicketingContract(
        ticket_topic_arn=ticketing.topic_arn,
        ticket_queue=ticketing.queue_url,
        ticket_dead_letters=ticketing.dead_letters_url,
        ticket_function=ticketing.function_name,
        ticket_ledger=pulumi.Output.from_input(ticketing.ledger.name),
    )
    return Alerts(bus_arn=bus.arn, contracts=(alerts, told), ledger=ticketing.ledger)


def _accounts_to_ask_for(settings: Settings, organization_id: str | None) -> str | None:
    """ARN of the organization's accounts, where the function may ask of them: in the management
    account, and in that of a delegated administrator, which `backup-org prepare` makes of an audit
    account with reports on others or with backup policies."""
    if organization_id is None:
        return None
    if isinstance(settings, AuditSettings):
        reports_on_others = settings.reports is not None and settings.reports.scope != "account"
        if not (reports_on_others or settings.backup_policies):
            return None
    central = settings.organization.management_account
    return f"arn:{settings.partition}:organizations::{central}:account/{organization_id}/*"


def _ticketing(
    settings: Settings,
    wanted: TicketingSettings,
    bus: AlertBus,
    home: FunctionHome,
    opts: pulumi.ResourceOptions,
    *,
    organization_accounts: str | None,
) -> Ticketing:
    return Ticketing(
        names.tickets(settings),
        TicketingArgs(
            account=settings.account,
            region=settings.region,
            alert_bus_name=bus.name,
            service_now_url=wanted.url,
            service_now_secret=wanted.secret,
            settings=_function_settings(settings, wanted),
            maximum_concurrency=wanted.maximum_concurrency,
            event_patterns=event_patterns(_monitored(settings)),
            function_name=names.ticket_function(settings),
            job_reader_role_arn=names.role_arn(settings, "*", names.job_reader_role(settings)),
            organization_accounts=organization_accounts,
            home=home,
            alarm_topics=settings.alarm_topics_in(settings.region),
        ),
        opts,
    )


def _function_settings(settings: Settings, wanted: TicketingSettings) -> str:
    """What handlers/open_ticket/settings.py reads."""
    told = {
        "customer": settings.customer,
        "plan_prefix": f"{names.prefix(settings)}-",
        "monitoring": settings.monitoring.model_dump(mode="json"),
        **wanted.model_dump(mode="json", exclude={"url", "secret", "maximum_concurrency"}),
    }
    return json.dumps(told, sort_keys=True)


def _let_tickets_read(settings: Settings, opts: pulumi.ResourceOptions) -> None:
    """The ticket function asks each account of its jobs, wherever it stands itself."""
    home = names.alerts_account(settings)
    ReaderRole(
        names.job_reader_role(settings),
        ReaderRoleArgs(
            partition=settings.partition,
            trusted_account=home,
            trusted_roles=[names.role_arn(settings, home, names.ticket_function(settings))],
            reads=what_tickets_read(),
        ),
        opts,
    )


def _monitored(settings: Settings, deployers: Sequence[str] = ()) -> MonitoredEvents:
    return MonitoredEvents(
        **settings.monitoring.model_dump(),
        name_prefix=f"{names.prefix(settings)}-",
        one_at_a_time=names.runbooks_one_at_a_time(settings),
        missing_reports_alarm=names.missing_reports_alarm(settings),
        deployers=deployers,
    )


def _deployers(settings: Settings) -> Sequence[str]:
    """The deploy role, this system's own, and those in which AWS acts: for Organizations' backup
    policies, for one, and for StackSets."""
    path = f"arn:{settings.partition}:iam::{settings.account}:role"
    deploys = names.deploy_role_arn(settings)
    return [
        *([deploys] if deploys else []),
        f"{path}{settings.iam.role_path}{names.prefix(settings)}-*",
        f"{path}/aws-service-role/*",
        *([f"{path}/{names.STACK_SETS_ROLE}"] if settings.bootstrapped_regions else []),
    ]


def _look_daily(settings: Settings, opts: pulumi.ResourceOptions) -> None:
    ScheduledEvent(
        f"{names.prefix(settings)}-daily-look",
        ScheduledEventArgs(
            account=settings.account,
            regions=[settings.region],
            schedule="cron(30 6 ? * * *)",
            detail_type=DAILY_LOOK,
            detail={},
        ),
        opts,
    )


def _send_heartbeats(settings: Settings, opts: pulumi.ResourceOptions) -> None:
    called = settings.name if isinstance(settings, MemberSettings) else settings.role
    ScheduledEvent(
        names.heartbeat(settings),
        ScheduledEventArgs(
            account=settings.account,
            regions=settings.alert_regions,
            schedule="rate(6 hours)",
            detail_type=HEARTBEAT,
            detail={"stack": names.own_stack(settings), "name": called},
        ),
        opts,
    )


def forwarded_events(settings: Settings) -> Mapping[str, str]:
    """The patterns of an account's rules, by what is added to the rule's name."""
    return event_patterns(_monitored(settings, deployers=_deployers(settings)))


def _bootstrapped_queue(settings: Settings, region: str, opts: pulumi.ResourceOptions) -> str:
    """URL of the dead letters of what `backup-org bootstrap` forwards."""
    asked = pulumi.InvokeOptions(provider=opts.provider)
    name = f"{names.forwarding(settings)}-dead-letters"
    return aws.sqs.get_queue(name=name, region=region, opts=asked).url


def forward_alerts(
    settings: Settings, bus_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> ForwardingContract:
    """Forwards the ends of jobs, and this system's own alarms and runbooks; central accounts may
    hold backups too. Where the bus stands as well, the default bus's rule is the one way there."""
    forwarding = AlertForwarding(
        names.forwarding(settings),
        AlertForwardingArgs(
            account=settings.account,
            alert_bus_arn=bus_arn,
            rule_name=names.monitoring_rule(settings),
            event_patterns=forwarded_events(settings),
            regions=[
                region
                for region in settings.alert_regions
                if region not in settings.bootstrapped_regions
            ],
            forwarded_already={
                region: _bootstrapped_queue(settings, region, opts)
                for region in settings.alert_regions
                if region in settings.bootstrapped_regions
            },
            alarm_topics={
                region: settings.alarm_topics_in(region) for region in settings.alert_regions
            },
        ),
        opts,
    )
    _let_tickets_read(settings, opts)
    if settings.monitoring.heartbeat:
        _send_heartbeats(settings, opts)
    return ForwardingContract(alert_dead_letters=pulumi.Output.all(**forwarding.dead_letter_urls))
