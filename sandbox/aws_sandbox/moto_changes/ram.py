"""moto's Resource Access Manager, whose shares get and lose what they hold, and have tags."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import moto.ram.models
import moto.ram.urls
from moto.ram.exceptions import MalformedArnException, UnknownResourceException
from moto.ram.models import ResourceShare
from moto.ram.responses import ResourceAccessManagerResponse

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.state import backend_of
from aws_sandbox.aws.backup.vaults import AIR_GAPPED
from aws_sandbox.moto_changes.replacements import Replacements


class SandboxShare(ResourceShare):
    """A share with tags, which can hold a backup vault."""

    SHAREABLE_RESOURCES: ClassVar = [*ResourceShare.SHAREABLE_RESOURCES, "backup-vault"]

    def __init__(self, account_id: str, region: str, **kwargs: Any) -> None:
        super().__init__(account_id, region, **kwargs)
        self.tags = {tag["key"]: tag["value"] for tag in kwargs.get("tags", [])}

    def describe(self) -> dict[str, Any]:
        tags = [{"key": key, "value": value} for key, value in self.tags.items()]
        return {**super().describe(), "tags": tags}

    def add_resources(self, resource_arns: list[str]) -> None:
        """Of backup vaults only those that are logically air-gapped can be shared."""
        for resource in resource_arns:
            arn = Arn.parse(resource)
            if arn.service == "backup":
                name = arn.resource.removeprefix("backup-vault:")
                vault = backend_of(arn.account, arn.region).vault_documents.get(name, {})
                if vault.get("VaultType") != AIR_GAPPED:
                    raise MalformedArnException("You cannot share the selected resource type.")
        super().add_resources(resource_arns)


class SandboxRamResponse(ResourceAccessManagerResponse):
    """With the calls that moto has not."""

    def get_resource_shares(self) -> str:
        wanted = self.request_params.get("resourceShareArns")
        found = self.ram_backend.get_resource_shares(self.request_params.get("resourceOwner"))
        shares = [
            share
            for share in found["resourceShares"]
            if wanted is None or share["resourceShareArn"] in wanted
        ]
        return json.dumps({"resourceShares": shares})

    def associate_resource_share(self) -> str:
        def add(share: ResourceShare, arns: list[str], principals: list[str]) -> None:
            share.add_resources([arn for arn in arns if arn not in share.resource_arns])
            share.add_principals([each for each in principals if each not in share.principals])

        return self._associations("ASSOCIATING", add)

    def disassociate_resource_share(self) -> str:
        def remove(share: ResourceShare, arns: list[str], principals: list[str]) -> None:
            share.resource_arns = [arn for arn in share.resource_arns if arn not in arns]
            share.principals = [each for each in share.principals if each not in principals]

        return self._associations("DISASSOCIATING", remove)

    def tag_resource(self) -> str:
        tags = self._share(self.request_params["resourceShareArn"]).tags
        tags.update({tag["key"]: tag["value"] for tag in self.request_params["tags"]})
        return "{}"

    def untag_resource(self) -> str:
        tags = self._share(self.request_params["resourceShareArn"]).tags
        for key in self.request_params["tagKeys"]:
            tags.pop(key, None)
        return "{}"

    def _associations(
        self, status: str, change: Callable[[ResourceShare, list[str], list[str]], None]
    ) -> str:
        given: Mapping[str, Any] = self.request_params
        share = self._share(given["resourceShareArn"])
        kinds = {
            "RESOURCE": given.get("resourceArns", []),
            "PRINCIPAL": given.get("principals", []),
        }
        change(share, kinds["RESOURCE"], kinds["PRINCIPAL"])
        made = [
            {
                "resourceShareArn": share.arn,
                "resourceShareName": share.name,
                "associatedEntity": entity,
                "associationType": kind,
                "status": status,
            }
            for kind, entities in kinds.items()
            for entity in entities
        ]
        return json.dumps({"resourceShareAssociations": made})

    def _share(self, arn: str) -> SandboxShare:
        for share in self.ram_backend.resource_shares:
            if share.arn == arn:
                assert isinstance(share, SandboxShare)
                return share
        raise UnknownResourceException(f"ResourceShare {arn} could not be found.")


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(moto.ram.models, "ResourceShare", SandboxShare)
    added = ("associateresourceshare", "disassociateresourceshare", "tagresource", "untagresource")
    paths = {
        **dict.fromkeys(moto.ram.urls.url_paths, SandboxRamResponse.dispatch),
        **{f"{{0}}/{path}$": SandboxRamResponse.dispatch for path in added},
    }
    replacements.replace(moto.ram.urls, "url_paths", paths)
