"""A member account's stack: vaults and plans in its Regions, and the way of its alerts out."""

from collections.abc import Mapping, Sequence

import pulumi

from components.backup_plan import BackupPlan, BackupPlanArgs
from components.backup_role import BackupRole, BackupRoleArgs
from components.vault import Vault, VaultArgs
from stacks import names
from stacks.alerts import forward_alerts
from stacks.backup_rules import backup_rule
from stacks.contracts import AlertsContract, Contract, MemberContract, consume
from stacks.functions import duckdb_layer, function_home
from stacks.organization import OrganizationReader
from stacks.providers import account_provider
from stacks.references import alerts_stack
from stacks.reports import deploy_reports
from stacks.reports_mail import let_reports_read
from stacks.scripts import deploy_scripts
from stacks.settings import MemberSettings, Plan


def deploy(settings: MemberSettings) -> Sequence[Contract]:
    provider = account_provider(settings)
    opts = pulumi.ResourceOptions(provider=provider)
    prefix = names.prefix(settings)
    alerts = consume(AlertsContract, alerts_stack(settings))
    forwarding = forward_alerts(settings, alerts.alert_bus_arn, opts)
    role = BackupRole(f"{prefix}-service", BackupRoleArgs(may_restore=True), opts)
    vaults = {
        region: {
            name: Vault(
                f"{prefix}-{name}-{region}",
                VaultArgs(
                    vault_name=name,
                    account=settings.account,
                    region=region,
                    key=vault.key,
                    force_destroy=vault.force_destroy,
                ),
                opts,
            )
            for name, vault in (settings.vaults | settings.retained_vaults).items()
        }
        for region in settings.regions
    }
    plans = {
        region: {
            name: BackupPlan(
                f"{prefix}-{name}-{region}",
                _plan(name, plan, vaults[region][plan.vault], role, region),
                opts,
            )
            for name, plan in settings.plans.items()
        }
        for region in settings.regions
    }
    if settings.scripts:
        deploy_scripts(settings, vaults, role, opts)
    vault_arns = {r: {name: v.arn for name, v in here.items()} for r, here in vaults.items()}
    plan_ids = {r: {name: p.plan_id for name, p in here.items()} for r, here in plans.items()}
    contract = MemberContract(vault_arns=_by_region(vault_arns), plan_ids=_by_region(plan_ids))
    if settings.reports is None:
        let_reports_read(settings, None, opts)
        return [forwarding, contract]
    organization, home = OrganizationReader(provider), function_home(settings, opts)
    duckdb = duckdb_layer(settings, home, opts)
    reports = deploy_reports(
        settings, settings.reports, organization, opts, home=home, duckdb=duckdb
    )
    let_reports_read(settings, reports.lake, opts)
    return [forwarding, contract, reports.contract]


def _by_region(
    values: Mapping[str, Mapping[str, pulumi.Output[str]]],
) -> pulumi.Output[Mapping[str, Mapping[str, str]]]:
    return pulumi.Output.all(
        **{region: pulumi.Output.all(**named) for region, named in values.items()}
    )


def _plan(name: str, plan: Plan, vault: Vault, role: BackupRole, region: str) -> BackupPlanArgs:
    return BackupPlanArgs(
        plan_name=name,
        vault_name=vault.name,
        rules=[backup_rule(rule_name, rule) for rule_name, rule in plan.rules.items()],
        role_arn=role.arn,
        tag=plan.selection.tag,
        value=plan.selection.value,
        region=region,
    )
