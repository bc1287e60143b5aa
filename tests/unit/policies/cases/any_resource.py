"""Names, tags and Regions of any resource, what all share, and what is lost with a stack."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import BUCKETS, PLAN, QUEUE, TABLE, VAULT
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

NAME, TAGS, REGIONS = "name_is_within_limits", "resource_has_required_tags", "region_is_allowed"
SHARED, OUTLIVES = "stack_owns_nothing_that_all_share", "data_outlives_its_stack"
HERE = {"allowed_regions": ["eu-central-1", "eu-west-1"]}


def by_provider(default_tags: Any) -> Resource:
    return Resource(
        type=QUEUE,
        name="it",
        urn="it",
        props={"tags": {"owner": UNKNOWN}},
        provider={"defaultTags": default_tags},
    )


def plan_to(region: Any) -> Resource:
    vault: Any = region
    if isinstance(region, str):
        vault = f"arn:aws:backup:{region}:333333333333:backup-vault:x"
    return resource(PLAN, rules=[{"copyActions": [{"destinationVaultArn": vault}]}])


CASES = [
    Case(rule=NAME, what="a name that AWS takes", resources=[resource(QUEUE, name="a.fifo")]),
    Case(rule=NAME, what="none is given", resources=[resource(QUEUE)]),
    *(
        Case(
            rule=NAME,
            what=f"{name!r} for {type_}",
            resources=[resource(type_, **{of: name})],  # pyright: ignore[reportArgumentType]
            says=f"AWS takes no name {name!r} here",
        )
        for type_, of, name in (
            (VAULT, "name", "v" * 51),
            (VAULT, "name", "with space"),
            (QUEUE, "name", "a.b"),
            (TABLE, "name", "ab"),
            (BUCKETS[0], "bucket", "Upper"),
            (BUCKETS[1], "bucket", "-x-"),
        )
    ),
    Case(rule=NAME, what="a name that is not known yet", resources=[resource(QUEUE, name=UNKNOWN)]),
    Case(rule=TAGS, what="none is asked for", resources=[resource(QUEUE)]),
    *(
        Case(
            rule=TAGS,
            what=f"its own and its provider's, as {type(told).__name__}",
            resources=[by_provider(told)],
            config={"required_tags": ["owner", "cost-center"]},
        )
        for told in (
            {"tags": {"cost-center": "x"}},
            json.dumps({"tags": {"cost-center": "x"}}),
        )
    ),
    Case(
        rule=TAGS,
        what="one is missing",
        resources=[resource(QUEUE, tags={"owner": "me"})],
        config={"required_tags": ["owner", "cost-center"]},
        says="it lacks the tags cost-center",
    ),
    Case(
        rule=TAGS,
        what="a key of other letters",
        resources=[resource(QUEUE, tags={"Owner": "me"})],
        config={"required_tags": ["owner"]},
        says="it lacks the tags owner",
    ),
    Case(
        rule=TAGS,
        what="a value that is not known yet",
        resources=[resource(QUEUE, tags={"owner": UNKNOWN})],
        config={"required_tags": ["owner"]},
    ),
    Case(rule=REGIONS, what="any will do", resources=[resource(QUEUE)]),
    Case(rule=REGIONS, what="its provider's is allowed", resources=[resource(QUEUE)], config=HERE),
    Case(
        rule=REGIONS,
        what="its own is not",
        resources=[resource(QUEUE, region="us-east-1")],
        config=HERE,
        says="it stands in us-east-1; allowed are eu-central-1, eu-west-1",
    ),
    Case(rule=REGIONS, what="copies stay", resources=[plan_to("eu-west-1")], config=HERE),
    Case(
        rule=REGIONS,
        what="copies leave",
        resources=[plan_to("us-east-1")],
        config=HERE,
        says="it copies to us-east-1",
    ),
    Case(
        rule=REGIONS,
        what="whereto is not known yet",
        resources=[plan_to(UNKNOWN)],
        config=HERE,
    ),
    Case(rule=SHARED, what="what is the stack's own", resources=[resource(VAULT)]),
    *(
        Case(
            rule=SHARED,
            what=type_.rpartition(":")[2],
            resources=[resource(type_)],
            says=f"the stack would own the {type_.rpartition(':')[2]}",
        )
        for type_ in (
            "aws:backup/globalSettings:GlobalSettings",
            "aws:backup/regionSettings:RegionSettings",
            "aws:organizations/delegatedAdministrator:DelegatedAdministrator",
            "aws:organizations/organization:Organization",
            "aws:organizations/resourcePolicy:ResourcePolicy",
        )
    ),
    Case(
        rule=SHARED,
        what="what is not known yet of its own",
        resources=[resource(VAULT, name=UNKNOWN)],
    ),
    *(
        Case(
            rule=OUTLIVES,
            what=f"{type_} goes with all that is in it",
            resources=[resource(type_, forceDestroy=True)],
            says="forceDestroy deletes it",
        )
        for type_ in (VAULT, *BUCKETS)
    ),
    Case(rule=OUTLIVES, what="it stays", resources=[resource(VAULT, forceDestroy=False)]),
    Case(
        rule=OUTLIVES,
        what="what is not known yet",
        resources=[resource(BUCKETS[0], forceDestroy=UNKNOWN)],
    ),
]
