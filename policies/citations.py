"""What names a rule: the controls, practices and managed rules that ask for the same."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Citation:
    """A place in somebody's catalogue."""

    catalogue: str
    name: str
    """The control, practice or rule, as the catalogue calls it."""
    url: str


_AWS = "https://docs.aws.amazon.com"
_WELL_ARCHITECTED = f"{_AWS}/wellarchitected/latest"
_PILLARS = {"COST": "cost-optimization", "REL": "reliability", "SEC": "security"}
_PRACTICES = {
    "COST03-BP02": "cost_monitor_usage_org_information",
    "REL05-BP04": "rel_mitigate_interaction_failure_fail_fast",
    "REL06-BP03": "rel_monitor_aws_resources_notification_monitor",
    "REL09-BP01": "rel_backing_up_data_identified_backups_data",
    "REL09-BP02": "rel_backing_up_data_secured_backups_data",
    "REL09-BP03": "rel_backing_up_data_automated_backups_data",
    "REL09-BP04": "rel_backing_up_data_periodic_recovery_testing_data",
    "REL13-BP02": "rel_planning_for_recovery_disaster_recovery",
    "REL13-BP03": "rel_planning_for_recovery_dr_tested",
    "SEC02-BP03": "sec_identities_secrets",
    "SEC03-BP02": "sec_permissions_least_privileges",
    "SEC03-BP07": "sec_permissions_analyze_cross_account",
    "SEC03-BP08": "sec_permissions_share_securely",
    "SEC04-BP01": "sec_detect_investigate_events_app_service_logging",
    "SEC08-BP01": "sec_protect_data_rest_key_mgmt",
    "SEC08-BP04": "sec_protect_data_rest_access_control",
}
"""The page of each practice that is cited, in the paper of its pillar."""


def security_hub(control: str) -> Citation:
    """A control of AWS Security Hub: `Backup.1`."""
    service = control.partition(".")[0].lower()
    return Citation(
        catalogue="AWS Security Hub",
        name=control,
        url=f"{_AWS}/securityhub/latest/userguide/{service}-controls.html"
        f"#{control.lower().replace('.', '-')}",
    )


def well_architected(practice: str) -> Citation:
    """A best practice of the AWS Well-Architected Framework: `REL09-BP02`.

    As the papers of the pillars number it: the Framework's own pages, which are to replace them,
    number some practices anew.
    """
    pillar = _PILLARS[re.sub(r"\d.*", "", practice)]
    return Citation(
        catalogue="AWS Well-Architected",
        name=practice,
        url=f"{_WELL_ARCHITECTED}/{pillar}-pillar/{_PRACTICES[practice]}.html",
    )


def nist(control: str) -> Citation:
    """A control of NIST SP 800-53 revision 5: `CP-9(8)`."""
    return Citation(
        catalogue="NIST SP 800-53 r5",
        name=control,
        url="https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home",
    )


def cis(recommendation: str) -> Citation:
    """A recommendation of the CIS AWS Foundations Benchmark, with its version: `v5.0.0 3.6`."""
    return Citation(
        catalogue="CIS AWS Foundations Benchmark",
        name=recommendation,
        url=f"{_AWS}/securityhub/latest/userguide/cis-aws-foundations-benchmark.html",
    )


def config_rule(identifier: str) -> Citation:
    """A managed rule of AWS Config, as conformance packs have it: `s3-bucket-ssl-requests-only`."""
    return Citation(
        catalogue="AWS Config",
        name=identifier,
        url=f"{_AWS}/config/latest/developerguide/{identifier}.html",
    )


def aws_guide(title: str, path: str) -> Citation:
    """A page of AWS's own documentation, by its path there."""
    return Citation(catalogue="AWS documentation", name=title, url=f"{_AWS}/{path}")
