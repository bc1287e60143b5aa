"""Whether the instances of a member's scripts are such that their scripts can run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet.doctor.findings import Finding, State, unanswered
from fleet.doctor.stack_account import StackAccount
from stacks import names
from stacks.settings import Settings

Instance = Mapping[str, Any]

_COMMAND_SECONDS = 60
_USER_DATA = """\
$config = "$env:ProgramData\\Amazon\\EC2Launch\\config\\agent-config.yml"
$task = Get-ScheduledTask -TaskName '*Userdata Execution*' -ErrorAction SilentlyContinue
if (Test-Path $config) { $runs = Select-String -Quiet -Path $config -Pattern 'executeScript' }
if ($task -or $runs) { 'enabled' } else { 'disabled' }
"""
"""Reads only: of EC2Launch v2 its configuration, of EC2Launch v1 its scheduled task."""


@dataclass(frozen=True, kw_only=True)
class _Region:
    """One in which the stack stands."""

    region: str
    tagged: Sequence[Instance]
    """Those that carry the tag of a script."""
    managed: Mapping[str, str]
    """The platform of each instance whose agent answers Systems Manager, by its id."""


def instances(here: StackAccount) -> Iterator[Finding]:
    """In each Region of the stack, and in the others that the account has. What a Region does not
    tell is a finding too; instances that are neither tagged nor have the profile are not seen."""
    settings, session = here.settings, here.session
    for region in settings.protected_regions:
        about = f"instances for scripts in {region}"
        try:
            yield from _in_region(about, _look(settings, region, session), settings, session)
        except (BotoCoreError, ClientError) as error:
            yield unanswered(about, error)
    try:
        yield from _elsewhere(settings, session)
    except (BotoCoreError, ClientError) as error:
        yield unanswered("instances for scripts in other Regions", error)


def _look(settings: Settings, region: str, session: boto3.Session) -> _Region:
    ssm = session.client("ssm", region_name=region)
    pages = ssm.get_paginator("describe_instance_information").paginate()
    managed = {
        str(each.get("InstanceId")): str(each.get("PlatformType"))
        for page in pages
        for each in page["InstanceInformationList"]
        if each.get("PingStatus") == "Online"
    }
    return _Region(region=region, tagged=_tagged(settings, region, session), managed=managed)


def _tagged(settings: Settings, region: str, session: boto3.Session) -> list[Instance]:
    """Those that are not terminated, with the tag of one of the scripts."""
    found: dict[str, Instance] = {}
    for name, script in settings.scripts.items():
        key = settings.tag_of(script.plan)[0]
        wanted = [{"Name": f"tag:{key}", "Values": [settings.scripted_tag_of(name)[1]]}]
        found |= {each["InstanceId"]: each for each in _instances(region, session, wanted)}
    return list(found.values())


def _instances(
    region: str, session: boto3.Session, filters: Sequence[Mapping[str, Any]]
) -> Iterator[Instance]:
    ec2: Any = session.client("ec2", region_name=region)
    alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    for page in ec2.get_paginator("describe_instances").paginate(Filters=[*filters, alive]):
        for reservation in page["Reservations"]:
            yield from reservation["Instances"]


def _in_region(
    about: str, here: _Region, settings: Settings, session: boto3.Session
) -> Iterator[Finding]:
    silent = [i for i in here.tagged if i["InstanceId"] not in here.managed]
    twice = [i for i in here.tagged if _selected(i, settings)]
    if silent:
        yield Finding(
            about=about,
            found=f"not reached by Systems Manager: {_ids(silent)}",
            state=State.CURE,
            cure="give them the instance profile and a way to Systems Manager (docs/scripts.md), "
            "and start what is stopped",
        )
    if twice:
        yield Finding(
            about=about,
            found=f"in a plan's selection too, so backed up twice: {_ids(twice)}",
            state=State.CURE,
            cure="take the plan's tag off them",
        )
    yield from _without_tag(about, here, settings, session)
    yield from _user_data(about, here, session)
    if not silent and not twice:
        yield Finding(about=about, found=f"{len(here.tagged)} tagged, all are reached")


def _selected(instance: Instance, settings: Settings) -> bool:
    tags = {(tag["Key"], tag["Value"]) for tag in instance.get("Tags", [])}
    return any(settings.tag_of(plan) in tags for plan in settings.plans)


def _without_tag(
    about: str, here: _Region, settings: Settings, session: boto3.Session
) -> Iterator[Finding]:
    """Whoever gave them the profile may have meant them to be backed up with a script."""
    profile = names.instance_profile(settings)
    arn = f"arn:{settings.partition}:iam::{settings.account}:instance-profile/{profile}"
    known = {instance["InstanceId"] for instance in here.tagged}
    found = [
        instance
        for instance in _instances(here.region, session, [])
        if instance["InstanceId"] not in known
        and instance.get("IamInstanceProfile", {}).get("Arn") == arn
    ]
    if found:
        yield Finding(
            about=about,
            found=f"with the profile {profile} and no script's tag: {_ids(found)}",
            state=State.BY_HAND,
            cure="tag them if a script should run on them",
        )


def _user_data(about: str, here: _Region, session: boto3.Session) -> Iterator[Finding]:
    """Asked of Windows by a command that reads."""
    tagged = [instance["InstanceId"] for instance in here.tagged]
    windows = [instance for instance in tagged if here.managed.get(instance) == "Windows"]
    if not windows:
        return
    answers = _answers(session.client("ssm", region_name=here.region), windows)
    off = [instance for instance in windows if answers.get(instance) == "disabled"]
    unknown = [i for i in windows if answers.get(i) not in ("enabled", "disabled")]
    if off:
        yield Finding(
            about=about,
            found=f"Windows that does not run user data: {', '.join(off)}",
            state=State.CURE,
            cure="enable it in EC2Launch, so that a restored instance is set up as this one was",
        )
    if unknown:
        yield Finding(
            about=about,
            found=f"Windows that does not say whether it runs user data: {', '.join(unknown)}",
            state=State.BY_HAND,
            cure="look there",
        )


def _answers(ssm: Any, ids: Sequence[str]) -> Mapping[str, str]:
    """What instances print, of those that do within a minute."""
    command = ssm.send_command(
        DocumentName="AWS-RunPowerShellScript",
        InstanceIds=list(ids),
        Parameters={"commands": _USER_DATA.splitlines()},
        TimeoutSeconds=30,
        Comment="backup-org doctor: does it run user data?",
    )["Command"]["CommandId"]
    answers: dict[str, str] = {}
    deadline = time.monotonic() + _COMMAND_SECONDS
    while len(answers) < len(ids) and time.monotonic() < deadline:
        pages = ssm.get_paginator("list_command_invocations").paginate(
            CommandId=command, Details=True
        )
        for each in (one for page in pages for one in page["CommandInvocations"]):
            if each["Status"] not in ("Pending", "InProgress", "Delayed"):
                output = "".join(plugin["Output"] for plugin in each["CommandPlugins"])
                answers[each["InstanceId"]] = output.strip()
        time.sleep(1)
    return answers


def _elsewhere(settings: Settings, session: boto3.Session) -> Iterator[Finding]:
    regions = session.client("ec2").describe_regions()["Regions"]
    for region in sorted(str(each.get("RegionName")) for each in regions):
        if region in settings.protected_regions:
            continue
        found = _tagged(settings, region, session)
        if found:
            yield Finding(
                about=f"instances for scripts in {region}",
                found=f"the stack is not there, and nothing backs them up: {_ids(found)}",
                state=State.CURE,
                cure=f"add {region} to regions, or take the tag off them",
            )


def _ids(found: Sequence[Instance]) -> str:
    return ", ".join(instance["InstanceId"] for instance in found)
