"""AWS KMS's keys and aliases."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.tagging import Tagging

TAGGING = Tagging(listing="ListResourceTags", target="KeyId", by="id", pair=("TagKey", "TagValue"))


@register("aws:kms/key:Key")
class Key(Resource):
    """A customer managed key; deleting it schedules its end."""

    service, operation = "kms", "CreateKey"
    properties = members(
        bypassPolicyLockoutSafetyCheck=Field(
            "BypassPolicyLockoutSafetyCheck", default=False, unread=True
        ),
        customerMasterKeySpec=Field("KeySpec", default="SYMMETRIC_DEFAULT", replaces=True),
        deletionWindowInDays=Field(between=(7, 30)),
        description=Field("Description", computed=True),
        enableKeyRotation=Field("KeyRotationEnabled", default=False, separate=True),
        isEnabled=Field("Enabled", default=True, separate=True),
        keyUsage=Field("KeyUsage", default="ENCRYPT_DECRYPT", replaces=True),
        multiRegion=Field("MultiRegion", computed=True, replaces=True),
        policy=Field("Policy", computed=True, json=True),
    )
    outputs = outputs(arn="Arn", keyId="KeyId")
    tagging = TAGGING

    def create(self, call: Call) -> str:
        return call("CreateKey", **call.request())["KeyMetadata"]["KeyId"]

    def finish(self, call: Call) -> None:
        if call.props["enableKeyRotation"]:
            call("EnableKeyRotation", KeyId=call.rid)
        if not call.props["isEnabled"]:
            call("DisableKey", KeyId=call.rid)

    def read(self, call: Call) -> Document | None:
        key = call("DescribeKey", KeyId=call.rid)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        policy = call("GetKeyPolicy", KeyId=call.rid, PolicyName="default")["Policy"]
        return key | call("GetKeyRotationStatus", KeyId=call.rid) | {"Policy": policy}

    def update(self, call: Call) -> None:
        props, state = call.props, call.state
        new = {name for name, value in props.items() if value != state.get(name)}
        if "isEnabled" in new and props["isEnabled"]:
            call("EnableKey", KeyId=call.rid)
        if "description" in new:
            call("UpdateKeyDescription", KeyId=call.rid, Description=props["description"])
        if "policy" in new:
            policy = {"Policy": props["policy"], "PolicyName": "default"}
            call("PutKeyPolicy", KeyId=call.rid, **policy)
        if "enableKeyRotation" in new:
            rotate = "EnableKeyRotation" if props["enableKeyRotation"] else "DisableKeyRotation"
            call(rotate, KeyId=call.rid)
        if "isEnabled" in new and not props["isEnabled"]:
            call("DisableKey", KeyId=call.rid)

    def delete(self, call: Call) -> None:
        days = call.state.get("deletionWindowInDays", 30)
        call("ScheduleKeyDeletion", KeyId=call.rid, PendingWindowInDays=days)


def same_key(wanted: str, live: str) -> bool:
    """Whether two of a key's id, its ARN, or an alias's ARN and name, name the same."""
    return wanted.rpartition("/")[2] == live.rpartition("/")[2]


@register("aws:kms/alias:Alias")
class Alias(Resource):
    """A name for a key; the alias's id is its own name."""

    service, operation = "kms", "CreateAlias"
    properties = members(
        name=Field("AliasName", replaces=True, autoname=Autoname(maximum=238, prefix="alias/")),
        targetKeyId=Field("TargetKeyId", same=same_key),
    )
    outputs = outputs(arn="AliasArn", targetKeyArn="TargetKeyArn")
    volatile = frozenset({"targetKeyArn"})

    def create(self, call: Call) -> str:
        call("CreateAlias", **call.request())
        return call.props["name"]

    def read(self, call: Call) -> Document | None:
        aliases = call.pages("ListAliases", "Aliases")
        alias = next((each for each in aliases if each["AliasName"] == call.rid), None)
        if alias is None:
            return None
        return alias | {"TargetKeyArn": call.api.arn(f"key/{alias['TargetKeyId']}")}

    def update(self, call: Call) -> None:
        call("UpdateAlias", **call.request())

    def delete(self, call: Call) -> None:
        call("DeleteAlias", AliasName=call.rid)
