"""The report templates of AWS Backup Audit Manager and the columns of their CSV reports.

Field names are those of the Developer Guide's "Choosing your report template" (camel case there).
AWS publishes no CSV headers. Seven of the backup job report's were seen in the wild, and the order
of its first 21 columns; other headers are learnt, and the order of the rest is the guide's, with
the two columns that organization reports add. Nothing hangs on either: curated tables go by header,
and a raw partition whose header differs is withheld.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds, for curated tables; raw tables hold strings only."""

    TEXT = "text"
    INTEGER = "integer"
    """64 bits: a size may exceed 4 GiB."""
    FLAG = "flag"
    TIME = "time"
    """ISO 8601, UTC."""
    DURATION = "duration"
    """HH:MM:SS, curated as seconds."""
    PERCENT = "percent"
    """0.00%, curated as a number."""
    PERIOD = "period"
    """Two times joined by " - ", curated as report_time_period_start and _end."""


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    """The guide's name in snake case."""
    raw: str
    """In raw tables."""
    kind: Kind = Kind.TEXT
    seen: str = ""
    """Its header, letter for letter, where a delivered report's was seen."""
    required: bool = False
    """Whether a curated row means nothing without it."""

    def matches(self, header: str) -> bool:
        """Whether a CSV's header names this column, however it is spelt."""
        known = (self.name, self.raw, self.seen) if self.seen else (self.name, self.raw)
        return normalised(header) in map(normalised, known)


def normalised(header: str) -> str:
    """What stays of a header: no byte order mark, quotes, bracketed suffix, case or separators."""
    return re.sub(r"[^a-z0-9]", "", header.split("[", 1)[0].lower())


@dataclass(frozen=True, kw_only=True)
class Template:
    name: str
    """As in settings: backup_job, …"""
    columns: tuple[Column, ...]
    """Of an organization's report, in the order in which a raw table expects them."""
    optional: tuple[Column, ...]
    """What a report may have besides: AWS's API or guide names it, no sample report shows it."""
    identity: tuple[str, ...]
    """The columns that tell what a row is about: the newest row about it counts."""

    @property
    def is_job(self) -> bool:
        """Whether it reports on jobs; otherwise on compliance."""
        return self.name.endswith("_job")

    @property
    def api_name(self) -> str:
        """As AWS Backup's API calls it."""
        return f"{self.name.upper()}_REPORT"

    @property
    def table(self) -> str:
        return f"{self.name}_report"

    def raw_name(self, header: str) -> str:
        """What a raw table calls the column of a CSV's header: ours where it is known."""
        known = next((c for c in (*self.columns, *self.optional) if c.matches(header)), None)
        if known is not None:
            return known.raw
        return re.sub(r"[^a-z0-9]+", "_", header.split("[", 1)[0].lower()).strip("_")

    def columns_of(self, *, organization: bool) -> tuple[Column, ...]:
        """A report on one account has no path to root."""
        if organization:
            return self.columns
        return tuple(column for column in self.columns if column.name != "path_to_root")


_SEEN = {
    "backup_job": {
        "report_time_period_start": "Report Time Period Start",
        "report_time_period_end": "Report Time Period End",
        "job_status": "Job Status",
        "resource_type": "Resource Type",
        "resource_arn": "Resource ARN",
        "recovery_point_arn": "Recovery Point ARN",
        "backup_size_in_bytes": "Backup Size in Bytes",
    }
}


def _template(name: str, status: str, identity: str, text: str, optional: str = "") -> Template:
    """A template from lists of column names, each with `:kind` unless it is text.

    The AWS Storage Blog's queries fix some raw names; the rest follows them: job reports join words
    with underscores, compliance reports with spaces.
    """
    fixed = {"region": "aws region", "path_to_root": "pathtoroot"}
    if name == "resource_compliance":
        fixed["resource_compliance_status"] = "resource compliance"
    separator = "_" if name.endswith("_job") else " "
    key = tuple(identity.split())

    def columns(words: str) -> Iterator[Column]:
        for word in words.split():
            column, _, kind = word.partition(":")
            yield Column(
                name=column,
                raw=fixed.get(column, column.replace("_", separator)),
                kind=Kind(kind or "text"),
                seen=_SEEN.get(name, {}).get(column, ""),
                required=column in (*key, status),
            )

    return Template(
        name=name, columns=tuple(columns(text)), optional=tuple(columns(optional)), identity=key
    )


_ENHANCED = """
    vault_type vault_lock_status is_encrypted:flag encryption_key_arn delete_after_days:integer
    move_to_cold_after_days:integer enable_archive:flag
"""
_SCHEDULE = """
    initiation_date:time backup_plan_name backup_rule_name backup_rule_schedule
    backup_rule_timezone start_window_end:time backup_options is_parent_job:flag parent_job_id
"""
_FRAMEWORK = """
    path_to_root account_id region framework_name framework_description control_name
"""

TEMPLATES = {
    template.name: template
    for template in (
        _template(
            "backup_job",
            "job_status",
            "account_id region backup_job_id",
            f"""
            report_time_period_start:time report_time_period_end:time path_to_root account_id
            region backup_job_id job_status status_message resource_type resource_arn
            backup_plan_arn backup_rule_id creation_date:time completion_date:time
            expected_completion_date:time recovery_point_arn job_run_time:duration
            backup_size_in_bytes:integer backup_vault_name backup_vault_arn iam_role_arn
            resource_name {_SCHEDULE} {_ENHANCED}
            """,
        ),
        _template(
            "restore_job",
            "job_status",
            "account_id region restore_job_id",
            f"""
            report_time_period:period path_to_root account_id region restore_job_id job_status
            recovery_point_arn resource_name {_SCHEDULE} {_ENHANCED} source_resource_arn
            backup_vault_arn creation_date:time backup_size_in_bytes:integer percent_done:percent
            iam_role_arn
            """,
            """
            status_message resource_type completion_date:time created_resource_arn
            restore_testing_plan_arn validation_status validation_status_message deletion_status
            deletion_status_message
            """,
        ),
        _template(
            "copy_job",
            "job_status",
            "account_id region copy_job_id",
            f"""
            report_time_period_start:time report_time_period_end:time path_to_root account_id
            region copy_job_id job_status job_run_time:duration resource_type resource_arn
            resource_name {_SCHEDULE} creation_date:time completion_date:time
            backup_size_in_bytes:integer source_recovery_point_arn source_backup_vault_arn
            destination_recovery_point_arn destination_backup_vault_arn {_ENHANCED} iam_role_arn
            """,
            "status_message",
        ),
        _template(
            "control_compliance",
            "control_compliance_status",
            "account_id region framework_name control_name",
            f"""
            {_FRAMEWORK} control_compliance_status last_evaluation_time:time
            num_resources_compliant:integer num_resources_non_compliant:integer
            control_frequency control_scope control_parameters
            """,
        ),
        _template(
            "resource_compliance",
            "resource_compliance_status",
            "account_id region framework_name control_name resource_id",
            f"""
            {_FRAMEWORK} resource_id resource_type resource_compliance_status
            last_evaluation_time:time
            """,
        ),
    )
}
