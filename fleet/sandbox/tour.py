"""The main job: a customer's organization is brought up, reports on itself, opens a ticket, and
mails a report that people read.

What a customer does not have, such as reports or ticketing, is passed over, and said.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from components.lake.query_library import queries
from fleet.deploy.deployment import Deployment
from fleet.deploy.order import in_order
from fleet.deploy.prepare import prepared
from fleet.deploy.progress import StackProgress
from fleet.errors import ToldError
from fleet.lake.query import Answer, Lake, run_query
from fleet.sandbox.incident import VolumesBackup
from fleet.sandbox.stage import Stage
from reports.curated_tables import curated_table
from reports.month_lists import MonthLists
from reports.templates import TEMPLATES
from stacks.report_columns import raw_columns
from stacks.report_settings import Reports
from stacks.settings import AuditSettings, CentralSettings, ManagementSettings, Settings

_SERVICE_NOW_USER = {"username": "backup.monitor", "password": "sandbox"}
_ACCOUNTS, _DAYS, _VOLUME = 40, 30, 3
"""Reports as of so many accounts, of so many days, with so many jobs a day in each Region."""
_HISTORY_DAYS, _HISTORY_VOLUME = 22, 40
"""Jobs of so many days in the accounts' vaults, so many a day in each Region."""
_REPORT_SECONDS = 300


class TourFailed(ToldError):
    """A step of the main job that did not come to what it should."""


@dataclass(frozen=True, kw_only=True)
class ReportsThere:
    """The stack whose reports are delivered and asked: the first that has any."""

    settings: Reports
    outputs: Mapping[str, Any]
    lake: Lake


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """The report as its reader has it."""

    subject: str
    link: str
    expires: str
    """As the mail says it."""
    page: str
    """HTML, as the link gave it."""


@dataclass
class Tour:
    """What was done, in order; `run` does it all."""

    stage: Stage
    progress: StackProgress
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What each stack exports."""
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    lacks: dict[str, str] = field(default_factory=dict[str, str])
    """Of each query that this lake cannot answer, why."""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    incident: Mapping[str, str] | None = None
    report: ReadReport | None = None

    def run(self) -> None:
        give_credentials(self.stage)
        self._deploy()
        there = self.reports_there()
        if there is None:
            self.progress.say("reports: no stack has any: none is delivered, nothing asked")
        else:
            self._deliver_reports(there)
            self._ask(there)
        self._fail_a_backup()
        self._read_a_report()

    def reports_there(self) -> ReportsThere | None:
        for stack, settings in self.stage.stacks.items():
            if settings.reports is None:
                continue
            outputs = self.outputs[stack]
            lake = Lake(
                session=self.stage.sandbox.session(settings.account, settings.region),
                region=settings.region,
                database=outputs["reports_database"],
                workgroup=outputs["reports_workgroup"],
            )
            return ReportsThere(settings=settings.reports, outputs=outputs, lake=lake)
        return None

    def _deploy(self) -> None:
        with self._step("deploy the stacks") as came_to:
            deployments = self.stage.deployments(self.progress.hear)
            outcomes = in_order(deployments, Deployment.up, on=self.progress)
            self.outputs = {d.stack: d.outputs() for d in deployments}
            changed = sum(
                count
                for outcome in outcomes
                for op, count in outcome.changes.items()
                if op != "same"
            )
            self.counts["stacks"] = len(outcomes)
            self.counts["resources"] = sum(sum(o.changes.values()) for o in outcomes)
            came_to.append(
                f"{len(outcomes)} stacks, {self.counts['resources']} resources, {changed} changed"
            )

    def _deliver_reports(self, there: ReportsThere) -> None:
        with self._step("deliver a month of reports") as came_to:
            first = next(iter(self.stage.stacks.values()))
            organization = self.stage.sandbox.organization_of(first.account)
            delivered = self.stage.sandbox.call(
                "reports.deliver",
                management_account=organization.management_account,
                days=_DAYS,
                accounts=_ACCOUNTS,
                volume=_VOLUME,
            )
            failed = [job for job in delivered["jobs"] if job["Status"] != "COMPLETED"]
            if failed:
                raise TourFailed(f"a report was not delivered: {failed[0]}")
            self.counts["reports"] = delivered["objects"]
            came_to.append(
                f"{delivered['objects']} files, {delivered['bytes'] / 1e6:.1f} MB, as of "
                f"{_ACCOUNTS} accounts"
            )
        with self._step("take them in") as came_to:
            self.stage.sandbox.call("settle")
            table = TEMPLATES[next(iter(raw_columns(there.settings)))].table
            glue = there.lake.session.client("glue")
            pages = glue.get_paginator("get_partitions").paginate(
                DatabaseName=there.lake.database, TableName=table
            )
            partitions = sum(len(page["Partitions"]) for page in pages)
            lists = MonthLists(
                s3=there.lake.session.client("s3"), bucket=there.outputs["reports_lake_bucket"]
            )
            curated = sum(
                1 for template in TEMPLATES.values() for _ in lists.objects(curated_table(template))
            )
            self.counts |= {"partitions": partitions, "curated": curated}
            came_to.append(f"{partitions} partitions of {table}, {curated} reports curated")

    def _ask(self, there: ReportsThere) -> None:
        with self._step("ask the lake") as came_to:
            columns = raw_columns(there.settings)
            for query in queries(there.lake.region).values():
                lacks = query.lacks(columns)
                if lacks is None:
                    self.answers[query.name] = run_query(there.lake, query.sql(), poll_seconds=0.05)
                else:
                    self.lacks[query.name] = lacks
            rows = sum(len(answer.rows) for answer in self.answers.values())
            self.counts["queries"] = len(self.answers)
            came_to.append(f"{len(self.answers)} queries, {rows} rows")

    def _fail_a_backup(self) -> None:
        stacks = self.stage.stacks.values()
        protected = next(iter(self._protected()), None)
        if protected is None or not any(s.ticketing for s in stacks):
            lacking = "vaults" if protected is None else "ticketing"
            self.progress.say(f"incident: there is no stack with {lacking}: none is opened")
            return
        backup = VolumesBackup(self.stage, protected)
        self.incident = backup.incident_opened_noted_and_resolved(self._step)
        accounts = {settings.account for settings in stacks}
        self.counts["incidents"] = sum(
            any(account in incident["description"] for account in accounts)
            for incident in self.stage.sandbox.call("servicenow")["incidents"]
        )

    def _read_a_report(self) -> None:
        """Fires a schedule, and does what the mail's reader does."""
        settings = next(
            (
                (stack, central, central.reports_mail)
                for stack, central in self.stage.stacks.items()
                if isinstance(central, CentralSettings) and central.reports_mail is not None
            ),
            None,
        )
        if settings is None:
            self.progress.say("report mails: there is no stack with reports_mail: none is sent")
            return
        stack, central, mails = settings
        assert isinstance(central, ManagementSettings | AuditSettings)
        # AWS Backup's API, which weekly reports are made from, tells of the members here.
        cadence = "weekly" if mails.weekly is not None else next(iter(mails.scheduled))
        self._make_history()
        with self._step(f"make and mail the {cadence} report") as came_to:
            before = len(self.stage.sandbox.call("mails"))
            self.stage.sandbox.call(
                "events.fire_schedule",
                account=central.account,
                region=central.region,
                schedule=self.outputs[stack]["report_schedules"][cadence],
            )
            sent = self._mails_after(before)
            if not sent and before:  # by an earlier run: a period is mailed once, unless asked
                session = self.stage.sandbox.session(central.account, central.region)
                session.client("ssm").start_automation_execution(
                    DocumentName=self.outputs[stack]["report_runbook"],
                    Parameters={"Cadence": [cadence], "Resend": ["true"]},
                )
                sent = self._mails_after(before)
            if len(sent) != 1:
                raise TourFailed(f"expected one mail with the {cadence} report, found {len(sent)}")
            self.report = _read(sent[0])
            came_to.append(
                f"{len(self.report.page) / 1e3:.0f} kB, to {', '.join(sent[0]['recipients'])}"
            )

    def _mails_after(self, count: int) -> list[Mapping[str, Any]]:
        self.stage.sandbox.call("settle", timeout_seconds=_REPORT_SECONDS)
        return self.stage.sandbox.call("mails")[count:]

    def _protected(self) -> list[Settings]:
        """Stacks with vaults, members first."""
        found = [settings for settings in self.stage.stacks.values() if settings.vaults]
        return sorted(found, key=lambda settings: settings.role != "member")

    def _make_history(self) -> None:
        """Days of jobs in the accounts' vaults: no plan starts any here."""
        with self._step("put days of jobs into the accounts") as came_to:
            jobs = 0
            for settings in self._protected():
                vault, where = next(iter(settings.vaults.items()))
                for region in settings.regions_of(where):
                    put = self.stage.sandbox.call(
                        "backup.history",
                        account=settings.account,
                        region=region,
                        vault=vault,
                        days=_HISTORY_DAYS,
                        volume=_HISTORY_VOLUME,
                    )
                    jobs += put["backup_jobs"] + put["copy_jobs"] + put["restore_jobs"]
            came_to.append(f"{jobs} jobs of {_HISTORY_DAYS} days")

    @contextmanager
    def _step(self, what: str) -> Generator[list[str]]:
        started = time.monotonic()
        came_to: list[str] = []
        yield came_to
        seconds = time.monotonic() - started
        self.progress.say(f"{what}: {' '.join(came_to)} ({seconds:.1f} s)")


def _read(mail: Mapping[str, Any]) -> ReadReport:
    """Opens the link in a mail."""
    link = re.search(r"https?://\S+X-Amz-Signature=\S+", mail["text"])
    expires = re.search(r"This link works until ([^\n]+)", mail["text"])
    if link is None or expires is None:
        raise TourFailed(f"the mail {mail['subject']!r} has no link that says how long it works")
    with urllib.request.urlopen(link[0]) as answer:  # noqa: S310 - the sandbox's own
        page = answer.read().decode()
    return ReadReport(subject=mail["subject"], link=link[0], expires=expires[1], page=page)


def give_credentials(stage: Stage) -> None:
    """What an operator does once: `backup-org prepare`, and ServiceNow's credentials, where the
    settings say they are."""
    for settings in stage.stacks.values():
        session = stage.sandbox.session(settings.account, settings.region)
        list(prepared(settings, stage.stacks.values, session))
        if settings.ticketing is None:
            continue
        secrets = session.client("secretsmanager")
        listed = [secret.get("Name") for secret in secrets.list_secrets()["SecretList"]]
        if settings.ticketing.secret not in listed:
            secrets.create_secret(
                Name=settings.ticketing.secret, SecretString=json.dumps(_SERVICE_NOW_USER)
            )
