"""Amazon SES's identities, configuration sets and what is told of the mails sent by them."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.values import Props

SES_TAGGING = Tagging(listing="ListTagsForResource")


@register("aws:sesv2/emailIdentity:EmailIdentity")
class EmailIdentity(Resource):
    """An address or a domain that mails may come from; its id is itself."""

    service, operation = "sesv2", "CreateEmailIdentity"
    properties = members(emailIdentity=Field("EmailIdentity", replaces=True))
    outputs = outputs(
        arn="Arn",
        dkimSigningAttributes="Dkim",
        identityType="IdentityType",
        verificationStatus="VerificationStatus",
        verifiedForSendingStatus="VerifiedForSendingStatus",
    )
    tagging = SES_TAGGING

    def create(self, call: ResourceCall) -> str:
        call("CreateEmailIdentity", **call.request())
        return call.props["emailIdentity"]

    def read(self, call: ResourceCall) -> Document:
        found = call("GetEmailIdentity", EmailIdentity=call.rid)
        dkim = found["DkimAttributes"]
        arn = f"arn:aws:ses:{call.api.region}:{call.api.account}:identity/{call.rid}"
        shown = {"status": dkim["Status"], "tokens": dkim.get("Tokens", [])}
        return found | {"EmailIdentity": call.rid, "Arn": arn, "Dkim": shown}

    def delete(self, call: ResourceCall) -> None:
        call("DeleteEmailIdentity", EmailIdentity=call.rid)


@register("aws:sesv2/configurationSet:ConfigurationSet")
class ConfigurationSet(Resource):
    """How mails are sent and what is told of them; its id is its name."""

    service, operation = "sesv2", "CreateConfigurationSet"
    properties = members(
        configurationSetName=Field("ConfigurationSetName", replaces=True),
        deliveryOptions=Field("DeliveryOptions", fields=members("tlsPolicy"), computed=True),
    )
    outputs = outputs(arn="Arn")
    tagging = SES_TAGGING

    def create(self, call: ResourceCall) -> str:
        call("CreateConfigurationSet", **call.request())
        return call.props["configurationSetName"]

    def read(self, call: ResourceCall) -> Document:
        found = call("GetConfigurationSet", ConfigurationSetName=call.rid)
        name = f"configuration-set/{call.rid}"
        return found | {"Arn": f"arn:aws:ses:{call.api.region}:{call.api.account}:{name}"}

    def update(self, call: ResourceCall) -> None:
        options = call.request().get("DeliveryOptions", {})
        name = {"ConfigurationSetName": call.rid}
        call("PutConfigurationSetDeliveryOptions", **name, **options)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteConfigurationSet", ConfigurationSetName=call.rid)


DESTINATION = members(
    "enabled",
    matchingEventTypes=Field("MatchingEventTypes", unordered=True),
    cloudWatchDestination=Field(
        "CloudWatchDestination",
        fields=members(
            dimensionConfigurations=Field(
                "DimensionConfigurations",
                fields=members("defaultDimensionValue", "dimensionName", "dimensionValueSource"),
                unordered=True,
            )
        ),
    ),
)


@register("aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination")
class ConfigurationSetEventDestination(Setting):
    """Where what becomes of mails is told; its id is `configuration set|name`."""

    service, operation, key = "sesv2", "CreateConfigurationSetEventDestination", ""
    properties = members(
        configurationSetName=Field("ConfigurationSetName", replaces=True),
        eventDestinationName=Field("EventDestinationName", replaces=True),
        eventDestination=Field("EventDestination", fields=DESTINATION),
    )

    def put(self, call: ResourceCall) -> None:
        verb = "Update" if call.rid else "Create"
        call(f"{verb}ConfigurationSetEventDestination", **call.request())

    def create(self, call: ResourceCall) -> str:
        self.put(call)
        return f"{call.props['configurationSetName']}|{call.props['eventDestinationName']}"

    def read(self, call: ResourceCall) -> Document | None:
        place = _destination(call.rid)
        listed = call(
            "GetConfigurationSetEventDestinations",
            ConfigurationSetName=place["ConfigurationSetName"],
        )["EventDestinations"]
        found = next(
            (each for each in listed if each["Name"] == place["EventDestinationName"]), None
        )
        return None if found is None else place | {"EventDestination": found}

    def delete(self, call: ResourceCall) -> None:
        call("DeleteConfigurationSetEventDestination", **_destination(call.rid))

    def imported(self, rid: str) -> Props:
        place = _destination(rid)
        return {
            "configurationSetName": place["ConfigurationSetName"],
            "eventDestinationName": place["EventDestinationName"],
        }


def _destination(rid: str) -> Document:
    configuration_set, _, name = rid.partition("|")
    return {"ConfigurationSetName": configuration_set, "EventDestinationName": name}
