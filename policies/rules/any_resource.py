"""Rules about resources of many types: names, tags, Regions, and what is lost with them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from policies.citations import aws_guide, config_rule, nist, well_architected
from policies.name_limits import NAME_LIMITS
from policies.resource_types import (
    AIR_GAPPED_VAULT,
    ALARM,
    BUCKETS,
    EVENT_RULE,
    FRAMEWORK,
    FUNCTION,
    KEY,
    LOG_GROUP,
    PLAN,
    QUEUE,
    REPORT_PLAN,
    RESTORE_TESTING_PLAN,
    ROLE,
    SCHEDULE,
    SELECTION,
    TABLE,
    TOPIC,
    VAULT,
)
from policies.resources import UNKNOWN, Resource
from policies.rule import Config, Setting, over_resource

_TAGGED = (
    *BUCKETS,
    AIR_GAPPED_VAULT,
    ALARM,
    EVENT_RULE,
    FRAMEWORK,
    FUNCTION,
    KEY,
    LOG_GROUP,
    PLAN,
    QUEUE,
    REPORT_PLAN,
    RESTORE_TESTING_PLAN,
    ROLE,
    TABLE,
    TOPIC,
    VAULT,
)
_IN_A_REGION = (*(type_ for type_ in _TAGGED if type_ != ROLE), SCHEDULE, SELECTION)


@over_resource(
    *NAME_LIMITS,
    severity="low",
    cites=[
        aws_guide("Service endpoints and quotas", "general/latest/gr/aws-service-information.html")
    ],
)
def name_is_within_limits(resource: Resource, _: Config) -> Iterator[str]:
    """A name that is given is one that AWS takes.

    AWS refuses others in the middle of an update, when half of it is done.
    """
    name = resource.get("bucket") if resource.type in BUCKETS else resource.get("name")
    if name is not None and not re.fullmatch(NAME_LIMITS[resource.type], str(name)):
        yield f"AWS takes no name {name!r} here; it must match {NAME_LIMITS[resource.type]}"


@over_resource(
    *_TAGGED,
    severity="low",
    cites=[config_rule("required-tags"), nist("CM-8"), well_architected("COST03-BP02")],
    settings={
        "required_tags": Setting(
            what="Keys of tags that every resource has, by itself or by its provider's defaultTags",
            schema={"type": "array", "items": {"type": "string", "minLength": 1}},
            default=[],
        )
    },
)
def resource_has_required_tags(resource: Resource, config: Config) -> Iterator[str]:
    """A resource has the tags that are asked for.

    Who pays for it, whose it is and what made it is told by nothing else.
    """
    has = {*_keys(resource.props.get("tags")), *_keys(_default_tags(resource.provider))}
    missing = [tag for tag in config["required_tags"] if tag not in has]
    if missing:
        yield f"it lacks the tags {', '.join(missing)}; add them, best to the provider"


def _keys(tags: Any) -> Iterator[str]:
    if isinstance(tags, Mapping):
        yield from cast("Mapping[str, Any]", tags)


def _default_tags(provider: Mapping[str, Any]) -> Any:
    """An object within a provider's properties comes as JSON text."""
    told = provider.get("defaultTags")
    parsed: Any = json.loads(told) if isinstance(told, str) else told
    return cast("Mapping[str, Any]", parsed).get("tags") if isinstance(parsed, Mapping) else None


@over_resource(
    *_IN_A_REGION,
    severity="high",
    cites=[
        nist("SA-9(5)"),
        aws_guide(
            "Deny access to AWS based on the requested AWS Region",
            "organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
        ),
    ],
    settings={
        "allowed_regions": Setting(
            what="Regions in which resources stand and backups lie; none named: any",
            schema={"type": "array", "items": {"type": "string", "minLength": 1}},
            default=[],
        )
    },
)
def region_is_allowed(resource: Resource, config: Config) -> Iterator[str]:
    """A resource stands in a Region that is allowed, and a plan copies to no other.

    Backups are the whole of an organization's data: they must not leave where that may be.
    """
    allowed: list[str] = config["allowed_regions"]
    if allowed and resource.region is not None and resource.region not in allowed:
        yield f"it stands in {resource.region}; allowed are {', '.join(allowed)}"
    for region in _copied_to(resource) if allowed else ():
        if region not in allowed:
            yield f"it copies to {region}; allowed are {', '.join(allowed)}"


def _copied_to(resource: Resource) -> Iterator[str]:
    rules: list[Mapping[str, Any]] = resource.props.get("rules") or []
    if resource.type != PLAN or rules is UNKNOWN:
        return
    for rule in rules:
        copies: Sequence[Mapping[str, Any]] = rule.get("copyActions") or ()
        for copy in copies:
            vault: Any = copy.get("destinationVaultArn")
            if isinstance(vault, str):
                yield vault.split(":")[3]


@over_resource(
    "aws:backup/globalSettings:GlobalSettings",
    "aws:backup/regionSettings:RegionSettings",
    "aws:organizations/delegatedAdministrator:DelegatedAdministrator",
    "aws:organizations/organization:Organization",
    "aws:organizations/resourcePolicy:ResourcePolicy",
    severity="critical",
    cites=[
        nist("CM-3"),
        aws_guide(
            "Deleting an organization with AWS Organizations",
            "organizations/latest/userguide/orgs_manage_org_delete.html",
        ),
    ],
)
def stack_owns_nothing_that_all_share(resource: Resource, _: Config) -> Iterator[str]:
    """A stack declares neither the Organization nor its or an account's settings for everybody.

    They are there once and replace what they find; with the stack they would end for all others.
    Single calls change what must be changed (`backup-org prepare`).
    """
    kind = resource.type.rpartition(":")[2]
    yield f"the stack would own the {kind} that all others share; take it out"


@over_resource(
    *BUCKETS,
    VAULT,
    severity="high",
    cites=[nist("CP-9"), nist("SI-12"), well_architected("SEC08-BP04")],
    baseline="advisory",
)
def data_outlives_its_stack(resource: Resource, _: Config) -> Iterator[str]:
    """A bucket or vault is not deleted together with what is in it.

    With forceDestroy one `destroy`, or a change that replaces it, deletes all reports or recovery
    points. It suits what is only tried, and is refused where the bundle is `regulated`.
    """
    if resource.get("forceDestroy") is True:
        yield "forceDestroy deletes it with all that is in it; take it away"
