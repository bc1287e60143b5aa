"""Reading the organization, which delegated administrators may do too."""

from collections.abc import Mapping

from aws_sandbox.aws.permissions.needs import Mapper, anywhere

READS = (
    "DescribeAccount",
    "DescribeOrganization",
    "DescribeOrganizationalUnit",
    "DescribePolicy",
    "ListAccounts",
    "ListAccountsForParent",
    "ListAWSServiceAccessForOrganization",
    "ListChildren",
    "ListDelegatedAdministrators",
    "ListDelegatedServicesForAccount",
    "ListOrganizationalUnitsForParent",
    "ListParents",
    "ListPolicies",
    "ListPoliciesForTarget",
    "ListRoots",
    "ListTagsForResource",
    "ListTargetsForPolicy",
)
MAPPERS: Mapping[str, Mapper] = {
    f"organizations:{name}": anywhere(f"organizations:{name}") for name in READS
}
