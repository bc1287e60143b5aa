"""A member account's stack: vaults and plans in its Regions, and the way of its alerts out."""

from collections.abc import Sequence

import pulumi

from stacks.alerts import deploy_alerts, forward_alerts
from stacks.contracts import Contract
from stacks.functions import duckdb_layer, function_home
from stacks.organization import OrganizationReader
from stacks.proof import prove_recovery
from stacks.protection import deploy_protection
from stacks.providers import account_provider
from stacks.reports import deploy_reports
from stacks.reports_mail import let_reports_read
from stacks.scripts import deploy_scripts
from stacks.settings import MemberSettings
from stacks.vaults import deploy_vaults


def deploy(settings: MemberSettings) -> Sequence[Contract]:
    provider = account_provider(settings)
    opts = pulumi.ResourceOptions(provider=provider)
    organization = OrganizationReader(provider)
    with_functions = settings.reports is not None or settings.ticketing is not None
    home = function_home(settings, opts) if with_functions else None
    alerts = deploy_alerts(settings, organization, home, opts)
    forwarding = forward_alerts(settings, alerts.bus_arn, opts)
    vaults = deploy_vaults(settings, organization, opts)
    protection = deploy_protection(settings, vaults, opts)
    scripts = (
        deploy_scripts(settings, protection, opts)
        if protection is not None and settings.scripts
        else None
    )
    proof = prove_recovery(settings, vaults, protection, opts)
    parts = (
        *alerts.contracts,
        forwarding,
        protection.contract if protection else None,
        scripts,
        proof.restore_checks,
    )
    contracts = [contract for contract in parts if contract is not None]
    if settings.reports is None or home is None:
        let_reports_read(settings, None, opts)
        return contracts
    duckdb = duckdb_layer(settings, home, opts)
    reports = deploy_reports(
        settings,
        settings.reports,
        organization,
        opts,
        home=home,
        duckdb=duckdb,
        frameworks=proof.frameworks.get(settings.region, {}),
    )
    let_reports_read(settings, reports.lake, opts)
    return [*contracts, reports.contract]
