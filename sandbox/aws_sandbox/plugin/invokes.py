"""The data sources that the stand-in answers, by their tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aws_sandbox.plugin.aws import Api, CallError, Provider
from aws_sandbox.plugin.values import Props


def regions(provider: Provider, _: Props) -> Props:
    """`aws.get_regions`: the Regions that are switched on in the provider's account."""
    found = provider.aws.api("ec2")("DescribeRegions")["Regions"]
    return {"id": "aws", "names": sorted(region["RegionName"] for region in found)}


def organization(provider: Provider, _: Props) -> Props:
    """`aws.organizations.get_organization`: with all that is in it for the management
    account and for a delegated administrator, as the official plugin tells them apart."""
    api = provider.aws.api("organizations")
    found = api("DescribeOrganization")["Organization"]
    result: Props = {
        "id": found["Id"],
        "arn": found["Arn"],
        "featureSet": found["FeatureSet"],
        "masterAccountArn": found["MasterAccountArn"],
        "masterAccountEmail": found["MasterAccountEmail"],
        "masterAccountId": found["MasterAccountId"],
    }
    try:
        return result | _members(api, found["MasterAccountId"])
    except CallError as error:
        if "AccessDeniedException" not in str(error):
            raise
        return result


def _members(api: Api, management: str) -> Props:
    accounts = [_account(account) for account in api.pages("ListAccounts", "Accounts")]
    roots = list(api.pages("ListRoots", "Roots"))
    services = api.pages("ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
    return {
        "accounts": accounts,
        "nonMasterAccounts": [account for account in accounts if account["id"] != management],
        "masterAccountName": next(a["name"] for a in accounts if a["id"] == management),
        "roots": [_root(root) for root in roots],
        "awsServiceAccessPrincipals": sorted(service["ServicePrincipal"] for service in services),
        "enabledPolicyTypes": sorted(
            policy["Type"]
            for root in roots
            for policy in root["PolicyTypes"]
            if policy["Status"] == "ENABLED"
        ),
    }


def _account(account: Mapping[str, Any]) -> Props:
    return {
        "arn": account["Arn"],
        "email": account["Email"],
        "id": account["Id"],
        "joinedMethod": account["JoinedMethod"],
        "joinedTimestamp": account["JoinedTimestamp"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "name": account["Name"],
        "state": account.get("State", account["Status"]),
        "status": account["Status"],
    }


def _root(root: Mapping[str, Any]) -> Props:
    types = [{"status": each["Status"], "type": each["Type"]} for each in root["PolicyTypes"]]
    return {"arn": root["Arn"], "id": root["Id"], "name": root["Name"], "policyTypes": types}


def organizational_units(provider: Provider, arguments: Props) -> Props:
    """`aws.organizations.get_organizational_units`: those right below a unit or the root."""
    parent = arguments["parentId"]
    found = provider.aws.api("organizations").pages(
        "ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=parent
    )
    children = [{"arn": unit["Arn"], "id": unit["Id"], "name": unit["Name"]} for unit in found]
    return {"id": parent, "parentId": parent, "children": children}


def child_accounts(provider: Provider, arguments: Props) -> Props:
    """`aws.organizations.get_organizational_unit_child_accounts`: those right in a unit."""
    parent = arguments["parentId"]
    api = provider.aws.api("organizations")
    found = api.pages("ListAccountsForParent", "Accounts", ParentId=parent)
    return {"id": parent, "parentId": parent, "accounts": [_account(each) for each in found]}


def roles(provider: Provider, arguments: Props) -> Props:
    """`aws.iam.get_roles`: those below a path."""
    prefix = arguments.get("pathPrefix", "/")
    found = list(provider.aws.api("iam").pages("ListRoles", "Roles", PathPrefix=prefix))
    return {
        "id": provider.region,
        "pathPrefix": prefix,
        "arns": [role["Arn"] for role in found],
        "names": [role["RoleName"] for role in found],
    }


def vault(provider: Provider, arguments: Props) -> Props:
    """`aws.backup.get_vault`: the one of a name."""
    name, region = arguments["name"], arguments.get("region", provider.region)
    api = provider.aws.api("backup", region)
    found = api("DescribeBackupVault", BackupVaultName=name)
    return {
        "id": name,
        "name": name,
        "region": region,
        "arn": found["BackupVaultArn"],
        "kmsKeyArn": found["EncryptionKeyArn"],
        "recoveryPoints": found["NumberOfRecoveryPoints"],
        "tags": api("ListTags", ResourceArn=found["BackupVaultArn"]).get("Tags", {}),
    }


def queue(provider: Provider, arguments: Props) -> Props:
    """`aws.sqs.get_queue`: the one of a name."""
    name, region = arguments["name"], arguments.get("region", provider.region)
    api = provider.aws.api("sqs", region)
    url = api("GetQueueUrl", QueueName=name)["QueueUrl"]
    attributes = api("GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    tags = api("ListQueueTags", QueueUrl=url).get("Tags", {})
    arn = attributes["QueueArn"]
    return {"id": url, "name": name, "region": region, "url": url, "arn": arn, "tags": tags}


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """What answers an invoke, and the arguments that it takes."""

    answer: Callable[[Provider, Props], Props]
    arguments: frozenset[str] = frozenset()


DATA_SOURCES: Final[Mapping[str, DataSource]] = {
    "aws:index/getRegions:getRegions": DataSource(answer=regions),
    "aws:backup/getVault:getVault": DataSource(
        answer=vault, arguments=frozenset({"name", "region"})
    ),
    "aws:iam/getRoles:getRoles": DataSource(answer=roles, arguments=frozenset({"pathPrefix"})),
    "aws:organizations/getOrganizationalUnits:getOrganizationalUnits": DataSource(
        answer=organizational_units, arguments=frozenset({"parentId"})
    ),
    "aws:organizations/getOrganizationalUnitChildAccounts:getOrganizationalUnitChildAccounts": (
        DataSource(answer=child_accounts, arguments=frozenset({"parentId"}))
    ),
    "aws:organizations/getOrganization:getOrganization": DataSource(answer=organization),
    "aws:sqs/getQueue:getQueue": DataSource(answer=queue, arguments=frozenset({"name", "region"})),
}


def invoked(provider: Provider, token: str, arguments: Props) -> Props:
    """The answer of a data source; ValueError for one, or an argument, that is not known."""
    source = DATA_SOURCES.get(token)
    if source is None:
        raise ValueError(
            f"the sandbox's stand-in for the aws plugin does not answer {token}; it answers "
            f"{', '.join(sorted(DATA_SOURCES))}. Add it in aws_sandbox/plugin/invokes.py"
        )
    if unknown := sorted(arguments.keys() - source.arguments):
        raise ValueError(f"the sandbox's stand-in does not support {unknown} of {token}")
    return source.answer(provider, arguments)
