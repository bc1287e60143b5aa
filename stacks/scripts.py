"""Backups of a member's instances with a script before and after: the scripts' documents, and for
each rule that they go by a runbook with its schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.backup_plan import BackupRule
from components.instance_profile import InstanceProfile, InstanceProfileArgs
from components.runbook import Runbook, RunbookArgs
from components.runbook_role import RunbookRole, RunbookRoleArgs
from components.runbook_schedules import (
    RunbookSchedule,
    RunbookSchedules,
    RunbookSchedulesArgs,
    Targets,
)
from components.scripts.backup_steps import (
    OUTPUTS,
    PARAMETERS,
    ScriptedBackup,
    ScriptRun,
    backup_steps,
)
from components.scripts.permissions import scripted_backup_permissions
from components.scripts.script_document import ScriptDocument, ScriptDocumentArgs
from components.scripts.script_log import ScriptLog, ScriptLogArgs
from components.vault import Vault
from components.vpc_endpoints import VpcEndpoints, VpcEndpointsArgs
from stacks import names
from stacks.contracts import ScriptsContract
from stacks.plans import PlanInRegion, backup_rule
from stacks.protection import Protection
from stacks.script_documents import parameters_of, script_documents
from stacks.script_settings import Script
from stacks.settings import Settings
from stacks.vaults import BootstrappedVault


@dataclass(frozen=True, kw_only=True)
class _Here:
    """What scripts of one Region share."""

    settings: Settings
    region: str
    scripts: Mapping[str, Script]
    protection: Protection
    log: ScriptLog
    documents: Mapping[str, ScriptDocument]
    """By the scripts' names."""
    takes: Mapping[str, frozenset[str]]
    """The parameters of each document, by the script's name."""

    def vault(self, name: str) -> Vault | BootstrappedVault:
        """By its name in settings."""
        return self.protection.vaults[self.region][name]


def deploy_scripts(
    settings: Settings, protection: Protection, opts: pulumi.ResourceOptions
) -> ScriptsContract:
    texts = script_documents(settings, Path(pulumi.get_root_directory() or "."))
    prefix = names.prefix(settings)
    regions = [
        _region(settings, region, protection, texts, opts)
        for region in settings.protected_regions
        if _scripts_in(settings, region)
    ]
    role = RunbookRole(
        f"{prefix}-scripts",
        RunbookRoleArgs(
            role_name=f"{prefix}-scripts",
            account=settings.account,
            partition=settings.partition,
            permissions=scripted_backup_permissions(
                account=settings.account,
                regions=[here.region for here in regions],
                document_arns=[d.arn for here in regions for d in here.documents.values()],
                instance_tags=[settings.scripted_tag_of(name) for name in settings.scripts],
                vault_arns=[
                    here.vault(vault).arn
                    for here in regions
                    for vault in sorted({settings.vault_of(s.plan) for s in here.scripts.values()})
                ],
                copies=any(
                    rule.copies
                    for script in settings.scripts.values()
                    for rule in settings.scripted_rules_of(script).values()
                ),
                backup_role_arn=protection.role.arn,
                output_bucket=settings.systems_manager.output_bucket,
            ),
        ),
        opts,
    )
    schedules = [
        schedule
        for here in regions
        for name in here.scripts
        for schedule in _runbooks(here, name, role, opts)
    ]
    started = RunbookSchedules(
        f"{prefix}-scripts-schedules",
        RunbookSchedulesArgs(
            role_name=f"{prefix}-scripts-schedules",
            account=settings.account,
            runbook_role_arn=role.arn,
            schedules=schedules,
            alarm_topics={here.region: settings.alarm_topics_in(here.region) for here in regions},
        ),
        opts,
    )
    _prerequisites(settings, [here.log for here in regions], opts)
    return ScriptsContract(
        script_schedule_dead_letters=pulumi.Output.all(**started.dead_letter_urls)
    )


def _region(
    settings: Settings,
    region: str,
    protection: Protection,
    texts: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> _Here:
    prefix = names.prefix(settings)
    log = ScriptLog(
        f"{prefix}-scripts-{region}",
        ScriptLogArgs(
            log_group_name=f"{prefix}-scripts",
            retention_days=settings.systems_manager.log_retention_days,
            region=region,
        ),
        opts,
    )
    documents = {
        name: ScriptDocument(
            f"{names.script_document(settings, name)}-{region}",
            ScriptDocumentArgs(
                document_name=names.script_document(settings, name),
                content=texts[names.script_document(settings, name)],
                region=region,
            ),
            opts,
        )
        for name, script in _scripts_in(settings, region).items()
        if script.document is not None
    }
    takes = {
        name: parameters_of(texts[names.script_document(settings, name)]) for name in documents
    }
    return _Here(
        settings=settings,
        region=region,
        scripts=_scripts_in(settings, region),
        protection=protection,
        log=log,
        documents=documents,
        takes=takes,
    )


def _runbooks(
    here: _Here, name: str, role: RunbookRole, opts: pulumi.ResourceOptions
) -> list[RunbookSchedule]:
    """One a rule; when each starts by itself."""
    settings, script = here.settings, here.settings.scripts[name]
    tag, value = settings.scripted_tag_of(name)
    where = PlanInRegion(
        settings=settings,
        plan=script.plan,
        region=here.region,
        arn_of=here.protection.arn_of,
    )
    schedules: list[RunbookSchedule] = []
    for rule_name, rule in settings.scripted_rules_of(script).items():
        taken = backup_rule(where, rule_name, rule)
        runbook = Runbook(
            f"{names.scripted_backup(settings, name, rule_name)}-{here.region}",
            RunbookArgs(
                document_name=names.scripted_backup(settings, name, rule_name),
                description=_description(script, rule_name, tag, value),
                role_arn=role.arn,
                parameters=PARAMETERS,
                steps=backup_steps(_backup(here, name, taken)),
                outputs=OUTPUTS,
                target_type="/AWS::EC2::Instance",
                region=here.region,
            ),
            opts,
        )
        schedules.append(
            RunbookSchedule(
                name=names.scripted_backup(settings, name, rule_name),
                schedule=taken.schedule,
                timezone=taken.timezone,
                runbook=runbook.name,
                targets=Targets(
                    parameter="InstanceId", tag=tag, value=value, at_once=script.at_once
                ),
                region=here.region,
            )
        )
    return schedules


def _scripts_in(settings: Settings, region: str) -> Mapping[str, Script]:
    """Those of plans that stand in a Region."""
    return {
        name: script
        for name, script in settings.scripts.items()
        if region in settings.plan_regions(script.plan)
    }


def _description(script: Script, rule: str, tag: str, value: str) -> str:
    what = script.document or "Volume Shadow Copy"
    return (
        f"Backs up an instance with {what} by the rule {rule} of the plan {script.plan}. Its "
        f"schedule starts it for all instances with the tag {tag}={value}."
    )


def _backup(here: _Here, name: str, rule: BackupRule) -> ScriptedBackup:
    settings, script = here.settings, here.settings.scripts[name]
    return ScriptedBackup(
        script=name,
        run=_run(here, name, script),
        platform=script.platform,
        windows_vss=script.windows_vss,
        when_pre_fails=script.when_pre_fails,
        post_after=script.post_after,
        freeze_seconds=script.freeze_seconds,
        rule=rule,
        vault_name=here.vault(settings.vault_of(script.plan)).name,
        role_arn=here.protection.role.arn,
        log_group=here.log.name,
        output_bucket=settings.systems_manager.output_bucket,
        output_prefix=settings.systems_manager.output_prefix,
    )


def _run(here: _Here, name: str, script: Script) -> ScriptRun | None:
    if name not in here.documents:
        return None
    filled_in = {
        "freezeSeconds": str(script.freeze_seconds),
        "executionTimeout": str(script.timeout_seconds),
    }
    return ScriptRun(
        document=here.documents[name].name,
        parameters={n: v for n, v in filled_in.items() if n in here.takes[name]}
        | script.parameters,
        timeout_seconds=script.timeout_seconds,
        retries=script.retries,
    )


def _prerequisites(settings: Settings, logs: list[ScriptLog], opts: pulumi.ResourceOptions) -> None:
    """What an instance needs to be managed by Systems Manager, as settings have it."""
    needs = settings.systems_manager
    if needs.instance_profile:
        InstanceProfile(
            names.instance_profile(settings),
            InstanceProfileArgs(
                profile_name=names.instance_profile(settings),
                account=settings.account,
                partition=settings.partition,
                log_group_arns=[log.arn for log in logs],
                output_bucket=needs.output_bucket,
                output_prefix=needs.output_prefix,
            ),
            opts,
        )
    for endpoints in needs.vpc_endpoints:
        VpcEndpoints(
            f"{names.prefix(settings)}-{endpoints.vpc}",
            VpcEndpointsArgs(
                vpc=endpoints.vpc,
                subnets=endpoints.subnets,
                security_groups=endpoints.security_groups,
                route_tables=endpoints.route_tables,
                region=endpoints.region,
            ),
            opts,
        )
