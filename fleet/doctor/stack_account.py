"""A stack with a session in its account: what looks look at, and where their cures act."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from fleet.bootstrap.template import BOOTSTRAPPED
from fleet.doctor.findings import Answer, Finding, ill, looked_up, not_yet
from fleet.project import current_project
from stacks import load, names
from stacks.load import Settings
from stacks.providers import deployment_tags


def listed(call: Callable[..., Any], member: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    """What a call of AWS Backup's lists that botocore has no paginator for."""
    page = call(**asked)
    yield from page[member]
    while page.get("NextToken"):
        page = call(**asked, NextToken=page["NextToken"])
        yield from page[member]


@dataclass(frozen=True, kw_only=True)
class StackAccount:
    settings: Settings
    session: boto3.Session
    """In the stack's account, as the role that deploys there."""
    root: Path = field(default_factory=current_project)
    """Holds Pulumi.yaml, and with that all other stacks."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def stack(self) -> str:
        return names.own_stack(self.settings)

    @property
    def management_stack(self) -> str:
        return names.stack_name(self.settings.customer, "management")

    def run(self, command: str) -> str:
        """`backup-org` on this stack, and on no other."""
        return f"backup-org {command} {self.stack}"

    def aws(self, *command: str, region: str | None = None) -> str:
        """A line of AWS's CLI that does nothing in another account than this stack's: the doctor
        cannot know which credentials are at hand where somebody pastes it."""
        access = self.settings.access
        leads_here = access and not (access.role or self.settings.deploy_role)
        profile = access.profile if access and leads_here else None
        aws = f"aws --profile {shlex.quote(profile)}" if profile else "aws"
        asked = "sts get-caller-identity --query Account --output text"
        where = shlex.join((*command, "--region", region or self.settings.region))
        return f'test "$({aws} {asked})" = {self.settings.account} && {aws} {where}'

    def not_there(self, found: str) -> Answer:
        """Of what a deployment makes: no fault before the first."""
        if self.is_deployed:
            return ill(found, "", self.run("up"))
        return not_yet(f"{found}: the stack is not deployed yet", "", self.run("up"))

    @cached_property
    def is_deployed(self) -> bool:
        """Whether anything carries this customer's tags here that bootstrap did not make. Raises
        what boto3 raises."""
        return any(map(self._is_deployed_in, self.settings.alert_regions))

    def _is_deployed_in(self, region: str) -> bool:
        """AWS may answer with an empty page before one that is not: https://github.com/boto/boto3/issues/2461"""
        tags = deployment_tags(self.settings)
        pages = (
            self.session.client("resourcegroupstaggingapi", region_name=region)
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": key, "Values": [value]} for key, value in tags.items()])
        )
        return any(
            all(tag["Key"] != BOOTSTRAPPED for tag in resource.get("Tags", []))
            for page in pages
            for resource in page["ResourceTagMappingList"]
        )

    @cached_property
    def report_plans(self) -> Sequence[Mapping[str, Any]]:
        """All of the account's in the Region, as ListReportPlans describes them. Raises what boto3
        raises."""
        return list(listed(self.session.client("backup").list_report_plans, "ReportPlans"))

    @cached_property
    def customers_stacks(self) -> Mapping[str, Settings]:
        """The settings of all the customer's stacks that can be read, by name; of the others it is
        told in their turn."""
        found = {self.stack: self.settings}
        for stack in load.stacks_in(self.root):
            if stack.startswith(names.stack_name(self.settings.customer, "")):
                with suppress(load.SettingsError):
                    settings = load.from_files(stack, self.root)
                    if settings.customer == self.settings.customer:
                        found[stack] = settings
        return found

    def secret(self, name: str, example: str) -> Finding:
        """Whether a secret exists, in this account and Region; `example` is what it might hold."""

        def look() -> Answer | str:
            secrets = self.session.client("secretsmanager")
            file = f"{name.rpartition('/')[2]}.json"
            try:
                described = secrets.describe_secret(SecretId=name)
            except secrets.exceptions.ResourceNotFoundException:
                return ill(
                    "does not exist",
                    f"write {file}, such as {example}, and in {self.settings.account}:",
                    self.aws(
                        *("secretsmanager", "create-secret", "--name", name),
                        *("--secret-string", f"file://{file}"),
                    ),
                )
            if "DeletedDate" in described:
                restore = ("secretsmanager", "restore-secret", "--secret-id", name)
                return ill("waits for its deletion", "", self.aws(*restore))
            return "exists"

        return looked_up(f"the secret {name}", look)
