"""Names: they fit AWS's limits, whatever the customer and the Region are called."""

from __future__ import annotations

import re
from typing import cast, get_args

import boto3
import pytest
from pydantic import TypeAdapter

from stacks import names
from stacks.names import BucketPurpose
from stacks.values import BucketName, CustomerName, DatabaseName, Region, RoleName

LONGEST_CUSTOMER = "north-atlantic-bank1"
REGIONS = boto3.Session().get_available_regions("s3")
PURPOSES = cast("tuple[BucketPurpose, ...]", get_args(BucketPurpose))


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


def test_the_role_and_the_database_have_names_that_aws_takes() -> None:
    role = names.replication_role(LONGEST_CUSTOMER)
    assert TypeAdapter(RoleName).validate_python(role) == role
    database = names.database(LONGEST_CUSTOMER)
    assert TypeAdapter(DatabaseName).validate_python(database) == database
    assert re.fullmatch(r"[a-z0-9_]+", database)
