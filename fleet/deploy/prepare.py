"""What a stack needs in its account and may not own: made once, and left by `destroy`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import boto3

from fleet import access
from fleet.deploy.order import settings_of
from fleet.deploy.organization import OrganizationNeeds, organization_prepared
from fleet.deploy.selection import Names, chosen
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.terminal import console
from reports.plans import REPORTS_ROLE, REPORTS_SERVICE
from stacks.load import Settings
from stacks.settings import ManagementSettings


def prepare(names: Names = None) -> None:
    """Make in the stacks' accounts what no stack may own, where it is not there yet."""
    root = current_project()
    for stack, settings in settings_of(chosen(names or [], root), root).items():

        def customers(customer: str = settings.customer) -> Iterable[Settings]:
            return settings_of(chosen([customer], root), root).values()

        for done in prepared(settings, customers, access.session(settings)):
            console.print(f"{stack}: {done}")


def prepared(
    settings: Settings, customers: Callable[[], Iterable[Settings]], session: boto3.Session
) -> Iterator[str]:
    """Tells what it made or found. A second run makes nothing. Raises what boto3 raises.

    `customers` reads the settings of all the customer's stacks: what these need of their
    organization is made with its management account's stack.
    """
    if settings.reports is not None:
        yield f"{REPORTS_ROLE}: {_reports_role(session)}"
    for region in settings.protected_regions if settings.opt_ins else ():
        yield f"opt_ins in {region}: {_opt_ins(settings.opt_ins, region, session)}"
    if isinstance(settings, ManagementSettings):
        needs = OrganizationNeeds.of(customers())
        yield from organization_prepared(needs, settings.region, session)


def _opt_ins(wanted: Mapping[str, bool], region: str, session: boto3.Session) -> str:
    """Of services that are not named, what is set stays."""
    backup = session.client("backup", region_name=region)
    live = backup.describe_region_settings()["ResourceTypeOptInPreference"]
    if unknown := sorted(wanted.keys() - live.keys()):
        raise ToldError(
            f"opt_ins: AWS Backup has no {', '.join(unknown)} in {region}; it has "
            f"{', '.join(sorted(live))}"
        )
    if all(live[kind] == on for kind, on in wanted.items()):
        return "stands"
    backup.update_region_settings(ResourceTypeOptInPreference={**live, **wanted})
    return "made"


def _reports_role(session: boto3.Session) -> str:
    iam = session.client("iam")
    try:
        iam.get_role(RoleName=REPORTS_ROLE)
    except iam.exceptions.NoSuchEntityException:
        iam.create_service_linked_role(AWSServiceName=REPORTS_SERVICE)
        return "made"
    return "stands"
