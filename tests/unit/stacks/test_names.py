"""Names: they fit AWS's limits, whatever the customer and the Region are called."""

from __future__ import annotations

import re
from typing import Literal, cast, get_args

import boto3
import pytest
from pydantic import TypeAdapter

from stacks import names
from stacks.names import BucketPurpose
from stacks.settings import Organization, StackSettings
from stacks.values import BucketName, CustomerName, DatabaseName, Region, RoleName

LONGEST_CUSTOMER = "north-atlantic-bank1"
REGIONS = boto3.Session().get_available_regions("s3")
PURPOSES = cast("tuple[BucketPurpose, ...]", get_args(BucketPurpose))


def named(naming: Literal["default", "cos"]) -> StackSettings:
    return StackSettings(
        customer=LONGEST_CUSTOMER,
        organization=Organization(management_account="111111111111"),
        region="eu-central-1",
        naming=naming,
    )


def test_the_longest_names_are_what_settings_take() -> None:
    assert len(LONGEST_CUSTOMER) == 20
    assert TypeAdapter(CustomerName).validate_python(LONGEST_CUSTOMER) == LONGEST_CUSTOMER
    assert "ap-southeast-5" in REGIONS
    assert [TypeAdapter(Region).validate_python(region) for region in REGIONS] == REGIONS


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_bucket_has_a_name_that_s3_takes_in_every_region(purpose: BucketPurpose) -> None:
    for region in REGIONS:
        name = names.bucket(LONGEST_CUSTOMER, purpose, "111111111111", region)
        assert TypeAdapter(BucketName).validate_python(name) == name


@pytest.mark.parametrize("naming", ["default", "cos"])
def test_roles_and_the_database_have_names_that_aws_takes(
    naming: Literal["default", "cos"],
) -> None:
    settings = named(naming)
    roles = [
        names.replication_role(settings),
        names.reader_role(settings),
        names.link_role(settings),
    ]
    assert [TypeAdapter(RoleName).validate_python(role) for role in roles] == roles
    database = names.database(LONGEST_CUSTOMER)
    assert TypeAdapter(DatabaseName).validate_python(database) == database
    assert re.fullmatch(r"[a-z0-9_]+", database)


def test_the_published_names_are_one_scheme_and_the_prefix_is_for_all_else() -> None:
    cos, default = named("cos"), named("default")
    assert names.monitoring_rule(cos) == "COS-AWS-Backup-Monitoring"
    assert names.ticket_function(cos) == "COS-Lambda-SNOW-Listener"
    assert names.digest_function(cos, "mail_report") == "COS-Lambda-Backup-Report-Generator"
    assert names.reader_role(cos) == f"COS-{LONGEST_CUSTOMER}-backup-reader"
    assert names.monitoring_rule(default) == f"{LONGEST_CUSTOMER}-backup-alerts"
    assert names.ticket_function(default) == f"{LONGEST_CUSTOMER}-backup-tickets"
    assert names.digest_function(default, "mail_report") == f"{LONGEST_CUSTOMER}-backup-report-mail"
