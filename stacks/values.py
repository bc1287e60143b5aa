"""Leaf types of settings: each has a meaning, AWS's limits, and what to write instead."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, cast

from botocore.loaders import create_loader
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, core_schema

from reports.templates import TEMPLATES
from stacks.resource_types import RESOURCE_TYPES

_LONGEST = 60


def yaml_text(value: object) -> str:
    """What stands in a file, as YAML has it, and no more of it than a line takes."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Mapping():
            return f"an object of {len(cast(Mapping[Any, Any], value))}"
        case list() | tuple():
            return f"a list of {len(cast(list[Any], value))}"
        case _:
            text = repr(value)
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@dataclass(frozen=True)
class _Text:
    """Accepts text that matches a pattern whole; refuses the rest with the cure."""

    pattern: str
    cure: str

    def check(self, value: object) -> object:
        if isinstance(value, bool):
            # As it reads an unquoted yes, no, on or off.
            raise ValueError(f"is {str(value).lower()} to YAML: put it in quotes; {self.cure}")
        if isinstance(value, int | float):
            # YAML reads an unquoted 111111111111 as a number, and 0123… as an octal one.
            raise ValueError(f"{value} is a number to YAML: put it in quotes; {self.cure}")
        # ASCII, as in the JSON schema: \d and \w would take any script's digits and letters.
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value, re.ASCII):
            raise ValueError(f"{yaml_text(value)} does not fit; {self.cure}")
        return value

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


AccountId = Annotated[
    str, _Text(r"\d{12}", 'an account id is 12 digits in quotes, such as "111111111111"')
]

_REGION = r"(?!us-iso|eu-isoe|eusc-)[a-z]{2}(-[a-z]+)+-\d"
_LIKE_A_REGION = (
    "a Region is written like eu-central-1 (AWS's partitions here are aws, aws-cn and aws-us-gov)"
)
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
_ARN = f"arn:({'|'.join(_PARTITIONS)})"


@cache
def aws_regions() -> frozenset[str]:
    """Those that botocore, as it is installed here, knows."""
    partitions = create_loader().load_data("partitions")["partitions"]
    known = (each["regions"] for each in partitions if each["id"] in _PARTITIONS)
    return frozenset(name for names in known for name in names if not name.endswith("-global"))


def _known_region(value: str) -> str:
    if value != "*" and value not in aws_regions():
        known = sorted(aws_regions())
        near = difflib.get_close_matches(value, known, n=3)
        meant = f"like it are {', '.join(near)}" if near else f"there are: {', '.join(known)}"
        raise ValueError(
            f"{value!r} is no Region that this version of boto3 knows; {meant} (of one that is "
            "newer: upgrade boto3)"
        )
    return value


Region = Annotated[str, _Text(_REGION, _LIKE_A_REGION), AfterValidator(_known_region)]

RegionOrAll = Annotated[
    str,
    _Text(rf"\*|{_REGION}", f'{_LIKE_A_REGION}, or "*" for all'),
    AfterValidator(_known_region),
]

_SHORT_NAME = r"(?=.{1,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*"

CustomerName = Annotated[
    str,
    _Text(
        rf"(?!([a-z0-9]+-)*member(-|$)){_SHORT_NAME}",
        "use lower-case letters, digits and single hyphens, a letter first, 20 at most; `member` "
        "is no word of it, or acme-member-x-audit would be a stack of two customers",
    ),
]
"""Part of nearly every name, so it is short: an S3 bucket's name ends at 63 characters."""

MemberName = Annotated[
    str,
    _Text(
        _SHORT_NAME,
        "use lower-case letters, digits and single hyphens, a letter first, 20 at most",
    ),
]

RoleName = Annotated[
    str, _Text(r"[\w+=,.@-]{1,64}", "a role's name, without path or ARN, 64 characters at most")
]

RolePath = Annotated[
    str,
    _Text(
        r"/|/([\w+=,.@-]+/){1,20}",
        'a path begins and ends with a slash: "/backup/"',
    ),
]

PolicyNameOrArn = Annotated[
    str,
    _Text(
        rf"[\w+=,.@/-]{{1,128}}|{_ARN}:iam::(\d{{12}}|aws):policy/[\w+=,.@/-]+",
        "a policy is named as in its ARN after policy/, or by its whole ARN",
    ),
]

ExternalId = Annotated[
    str,
    _Text(r"[\w+=,.@:/-]{2,1224}", "an external id has 2 to 1,224 letters, digits and +=,.@:/-"),
]

AwsProfile = Annotated[
    str,
    _Text(
        r"[^\s\[\]#;=]{1,64}",
        "write the name of a profile of your AWS configuration, without spaces or brackets",
    ),
]

BackendUrl = Annotated[
    str,
    _Text(
        r"(s3|gs|azblob|file)://\S+|https://[\w.-]+(:\d+)?(/\S*)?",
        "a backend is written as `pulumi login` takes it: s3://<bucket>/<folder>?region=<region>, "
        "file://<folder>, https://api.pulumi.com",
    ),
]

PulumiOrganization = Annotated[
    str,
    _Text(
        r"[A-Za-z0-9][\w-]{0,39}",
        "an organization of Pulumi Cloud is written as in its address: letters, digits, hyphens "
        "and underscores, 40 at most",
    ),
]

SecretsProvider = Annotated[
    str,
    _Text(
        r"default|passphrase|(awskms|azurekeyvault|gcpkms|hashivault)://\S+",
        "a secrets provider is passphrase, default (Pulumi Cloud's own), or a key: "
        "awskms://alias/<name>?region=<region>",
    ),
]

FilePath = Annotated[
    str, _Text(r"(~/|/)\S+", "write a file's whole path, from / or from your home on, ~/…")
]

BreakGlassRole = Annotated[
    str,
    _Text(
        r"(arn:aws[a-z-]*:iam::\d{12}:role/)?([\w+=,.@*-]+/)*[\w+=,.@-][\w+=,.@*-]{0,63}",
        "a break-glass role is written by its name with the path before it, such as "
        "break-glass or ops/break-glass-*, or as arn:aws:iam::<account>:role/<path and name>",
    ),
]
"""Its name may end in anything, and not begin with it: that would be every role."""

TimeOfDay = Annotated[
    str, _Text(r"([01]\d|2[0-3]):[0-5]\d", 'a time of day is written "22:30", in quotes')
]

ResourceArnPattern = Annotated[
    str,
    _Text(
        rf"{_ARN}:[a-z0-9-]+:[a-z0-9*-]*:[0-9*]*:\S+",
        "a resource's ARN is written arn:aws:<service>:<region>:<account>:<resource>, each of the "
        "last three * where it may be any",
    ),
]

AccountOrCentral = Annotated[
    str,
    _Text(
        r"\d{12}|central",
        "write central, or an account's id of 12 digits in quotes",
    ),
]

AccountOrUnit = Annotated[
    str,
    _Text(
        rf"\d{{12}}|{_ARN}:organizations::\d{{12}}:(ou/o-[a-z0-9]{{10,32}}/ou-[a-z0-9-]+|organization/o-[a-z0-9]{{10,32}})",
        "write an account's id of 12 digits in quotes, or the ARN of an organizational unit, "
        "arn:aws:organizations::<management account>:ou/<o-…>/<ou-…>",
    ),
]

VaultName = Annotated[
    str,
    _Text(
        r"[a-zA-Z0-9_-]{2,50}",
        "a vault's name has 2 to 50 letters, digits, hyphens or underscores",
    ),
]

PlanName = Annotated[
    str,
    _Text(
        r"[a-zA-Z0-9_.-]{1,50}",
        "a plan's or rule's name has 1 to 50 letters, digits, dots, hyphens or underscores",
    ),
]

ReportPlanName = Annotated[
    str,
    _Text(
        r"[a-zA-Z][_a-zA-Z0-9]{0,255}",
        "a report plan's name starts with a letter and has letters, digits and underscores only "
        "(no hyphen), 256 at most",
    ),
]


OrganizationalUnitId = Annotated[
    str,
    _Text(
        r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}",
        "an organizational unit is written ou-abcd-12345678; AWS refuses the root (r-…) here: "
        "write scope: organization for all of it",
    ),
]

UnitIdOrPath = Annotated[
    str,
    _Text(
        r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|(?!ou-|r-|/)\S.*(?<![\s/])",
        "a unit is written by its id, ou-abcd-12345678, or by names from below the root: "
        "Workloads/Prod",
    ),
]

UnitOrRoot = Annotated[
    str,
    _Text(
        r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}",
        "an organizational unit is written ou-abcd-12345678, the root r-abcd",
    ),
]

PolicyTarget = Annotated[
    str,
    _Text(
        r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}|\d{12}",
        "a policy is attached to an organizational unit (ou-abcd-12345678), to an account (12 "
        "digits in quotes), or to the root (r-abcd)",
    ),
]

KeyPrefix = Annotated[
    str,
    _Text(
        r"(?!/)(?!(.*/)?Backup(/|$))[\w!.*'()/-]{1,512}(?<!/)",
        "a prefix has no slash at its ends, no folder called Backup, and of other characters "
        "letters, digits and ! - _ . * ' ( ) only",
    ),
]

TopicArn = Annotated[
    str,
    _Text(
        rf"{_ARN}:sns:[a-z0-9-]+:\d{{12}}:[\w-]{{1,256}}",
        "a topic's ARN is written arn:aws:sns:<region>:<account>:<name>",
    ),
]

RoleArn = Annotated[
    str,
    _Text(
        rf"{_ARN}:iam::\d{{12}}:role/([\w+=,.@-]+/)*[\w+=,.@-]{{1,64}}",
        "a role's ARN is written arn:aws:iam::<account>:role/<path and name>",
    ),
]

KeyArn = Annotated[
    str,
    _Text(
        rf"{_ARN}:kms:[a-z0-9-]+:\d{{12}}:key/[\w-]+",
        "a key's ARN is written arn:aws:kms:<region>:<account>:key/<id>, no alias",
    ),
]

FrameworkArn = Annotated[
    str,
    _Text(
        rf"{_ARN}:backup:[a-z0-9-]+:\d{{12}}:framework:[\w-]+",
        "a framework's ARN is written arn:aws:backup:<region>:<account>:framework:<name>",
    ),
]


def _template(value: object) -> object:
    if value == "scan_job":
        raise ValueError(
            "AWS Backup has SCAN_JOB_REPORT, but pulumi-aws 7.51 lists only the five older "
            "templates; it can be set here once the pinned version takes it"
        )
    if not isinstance(value, str) or value not in TEMPLATES:
        raise ValueError(f"{value!r} is no report template; there are: {', '.join(TEMPLATES)}")
    return value


ReportTemplate = Annotated[
    str, BeforeValidator(_template), Field(json_schema_extra={"enum": [*TEMPLATES]})
]

BucketName = Annotated[
    str,
    _Text(
        r"(?!xn--|sthree-|amzn-s3-demo-)(?!\d+(\.\d+){3}$)(?!.*\.\.)"
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)"
        r"(?<!--table-s3)",
        "a bucket's name has 3 to 63 lower-case letters, digits, hyphens and single dots, is no IP "
        "address, and has none of the beginnings and ends that S3 keeps for itself",
    ),
]
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

_IN_A_TAG = r"[^\x00-\x1f\x7f!\"#$%&'()*,;<>?\[\\\]^`{|}~]"
"""Of ASCII letters, digits, spaces and _ . : / = + - @, which all services take; and what is not
ASCII. https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""

TagKey = Annotated[
    str,
    _Text(
        rf"(?![aA][wW][sS]:){_IN_A_TAG}{{1,128}}",
        "a tag's key has 1 to 128 characters and does not start with aws:, which AWS keeps for "
        "itself; characters are letters, digits, spaces and _ . : / = + - @",
    ),
]

TagValue = Annotated[
    str,
    _Text(
        rf"{_IN_A_TAG}{{0,256}}",
        "a tag's value has 256 characters at most: letters, digits, spaces and _ . : / = + - @",
    ),
]

TagPattern = Annotated[
    str,
    _Text(
        rf"(\*|{_IN_A_TAG}){{1,256}}",
        "a tag's value with * where anything may stand: letters, digits, spaces and "
        "_ . : / = + - @ *, 256 at most",
    ),
]


def _resource_type(value: object) -> object:
    if not isinstance(value, str) or value not in RESOURCE_TYPES:
        near = difflib.get_close_matches(str(value), RESOURCE_TYPES, n=3, cutoff=0.5)
        meant = (
            f"like it are {', '.join(near)}" if near else f"there are: {', '.join(RESOURCE_TYPES)}"
        )
        raise ValueError(f"{value!r} is no type of AWS Backup's; {meant}")
    return value


ResourceTypeName = Annotated[
    str, BeforeValidator(_resource_type), Field(json_schema_extra={"enum": [*RESOURCE_TYPES]})
]

TestedResourceType = Literal[
    "Aurora",
    "DocumentDB",
    "DynamoDB",
    "EBS",
    "EC2",
    "EFS",
    "FSx",
    "Neptune",
    "RDS",
    "S3",
]
"""Those that restore testing takes (API_RestoreTestingSelectionForCreate)."""

RestoreTestingName = Annotated[
    str,
    _Text(
        r"[a-zA-Z0-9_]{1,50}",
        "a restore test's name has 1 to 50 letters, digits or underscores (no hyphen)",
    ),
]

FrameworkName = Annotated[
    str,
    _Text(
        r"[a-zA-Z][_a-zA-Z0-9]{0,99}",
        "a framework's name starts with a letter and has letters, digits and underscores only "
        "(no hyphen), 100 at most",
    ),
]

CheckFunction = Annotated[
    str,
    _Text(
        r"[a-zA-Z0-9_-]{1,64}",
        "write the name of a Lambda function of this account: letters, digits, hyphens and "
        "underscores, 64 at most",
    ),
]

DatabaseName = Annotated[
    str,
    _Text(
        r"[a-z0-9_]{1,255}",
        "a Glue database that Athena can query has lower-case letters, digits and underscores "
        "only (a hyphen breaks every query)",
    ),
]

SecretName = Annotated[
    str, _Text(r"[\w/+=.@-]{1,512}", "name a secret of AWS Secrets Manager, not its ARN")
]

ServiceUrl = Annotated[
    str,
    _Text(
        r"https://[\w.-]+(:\d+)?|http://127\.0\.0\.1:\d+",
        "write https://<instance>.service-now.com, without a path (plain http is taken for "
        "127.0.0.1 alone: credentials travel with every request)",
    ),
]

_DOMAIN = (
    r"(?=[a-z0-9.-]{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
)

DomainName = Annotated[
    str, _Text(_DOMAIN, "write a domain in lower case, such as mail.acme.example")
]

EmailAddress = Annotated[
    str,
    _Text(
        rf"[A-Za-z0-9!#$%&'*+/=?^_{{|}}~.-]{{1,64}}@{_DOMAIN}",
        "write a mail address, its domain in lower case, such as backups@acme.example",
    ),
]
"""SES takes ASCII alone before the @."""

Color = Annotated[str, _Text(r"#[0-9a-fA-F]{6}", 'write a colour as "#0b5cad", in quotes')]

LogoPath = Annotated[
    str,
    _Text(
        r"(?!.*\.\.)[\w.-]+(/[\w.-]+)*\.(png|svg)",
        "name a .png or .svg file by its path below stacks/customers/, such as acme/logo.svg",
    ),
]

Days = Annotated[int, Field(strict=True, ge=1, le=36500)]
"""AWS Backup's and S3's longest retention is 36,500 days, about a hundred years."""

ScriptName = Annotated[
    str,
    _Text(
        r"(?=.{1,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "use lower-case letters, digits and single hyphens, a letter first, 20 at most",
    ),
]

BUILT_IN_SCRIPTS = ("filesystem_freeze", "postgresql")

ScriptDocument = Annotated[
    str,
    _Text(
        rf"{'|'.join(BUILT_IN_SCRIPTS)}|[\w-]+\.yaml",
        f"write {' or '.join(BUILT_IN_SCRIPTS)}, or the name of a .yaml file in the customer's "
        "folder scripts/",
    ),
]


def _resource_id(prefix: str) -> _Text:
    return _Text(rf"{prefix}-[0-9a-f]{{8,17}}", f"write an id such as {prefix}-0123456789abcdef0")


VpcId = Annotated[str, _resource_id("vpc")]
SubnetId = Annotated[str, _resource_id("subnet")]
SecurityGroupId = Annotated[str, _resource_id("sg")]
RouteTableId = Annotated[str, _resource_id("rtb")]
