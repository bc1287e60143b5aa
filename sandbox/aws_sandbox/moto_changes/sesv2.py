"""moto's SES v2, which keeps each mail whole, and counts what becomes of it.

There is no DNS and nobody clicks on links here: an identity is verified when it is made. No mail
leaves the machine; what AWS's mailbox simulator would answer, becomes of a mail to its addresses.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, parseaddr
from types import ModuleType
from typing import Any, cast

import moto.sesv2.urls
from moto.core.exceptions import JsonRESTError
from moto.ses.models import EmailIdentity, SESBackend, ses_backends
from moto.ses.utils import get_random_message_id
from moto.sesv2.models import SESV2Backend, sesv2_backends
from moto.sesv2.responses import SESV2Response

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.functions.metrics import Metric, put_metric
from aws_sandbox.moto_changes.replacements import Replacements

_RECIPIENTS = 50
_SIZE = 40 * 1024 * 1024
"""Bytes of a message as it is sent (SES quotas)."""
_PARAMETERS = frozenset(
    {"FromEmailAddress", "Destination", "ReplyToAddresses", "Content", "EmailTags"}
    | {"ConfigurationSetName"}
)
_SIMULATED = re.compile(r"(?P<what>\w+)(?:\+[^@]*)?@simulator\.amazonses\.com", re.IGNORECASE)
_BECOMES: Mapping[str, Sequence[str]] = {
    "bounce": ("BOUNCE",),
    "suppressionlist": ("BOUNCE",),
    "complaint": ("DELIVERY", "COMPLAINT"),
}
"""What the mailbox simulator makes of a mail; any other address takes it."""
EVENT_TYPES = frozenset({"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"})
"""What a destination may ask for; nothing is rejected here."""


def _refused(code: str, message: str, status: int = 400) -> JsonRESTError:
    error = JsonRESTError(code, message)
    error.code = status
    return error


@dataclass(frozen=True, kw_only=True)
class SentMail:
    """A mail as SES sent it."""

    source: str
    destinations: Sequence[str]
    raw: bytes
    configuration_set: str
    """"" where it was sent with none."""
    id: str = field(default_factory=get_random_message_id)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


class SandboxSESV2Backend(SESV2Backend):
    """With the event destinations of configuration sets: set → name → what was asked for."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.told: dict[str, dict[str, dict[str, Any]]] = {}

    @property
    def _url_module(self) -> ModuleType:
        return moto.sesv2.urls

    @property
    def core(self) -> SESBackend:
        return ses_backends[self.account_id][self.region_name]

    def arn(self, resource: str) -> str:
        return f"arn:aws:ses:{self.region_name}:{self.account_id}:{resource}"

    def configuration_set(self, name: str) -> dict[str, dict[str, Any]]:
        """What is told of mails sent with a set."""
        if name not in self.core.config_sets:
            raise _refused("NotFoundException", f"Configuration set <{name}> does not exist.", 404)
        return self.told.setdefault(name, {})

    def send(self, given: Mapping[str, Any]) -> SentMail:
        """Keeps the mail; raises the API's error where AWS would not take it."""
        if unknown := sorted(given.keys() - _PARAMETERS):
            raise not_carried_out(f"SendEmail with {', '.join(unknown)}")
        name = str(given.get("ConfigurationSetName") or "")
        destinations = self.configuration_set(name) if name else {}
        message = _message(given)
        recipients = _recipients(given, message)
        sender = str(given.get("FromEmailAddress") or message["From"] or "")
        self._check(parseaddr(sender)[1], recipients)
        del message["Bcc"]
        mail = SentMail(
            source=sender,
            destinations=recipients,
            raw=message.as_bytes(),
            configuration_set=name,
        )
        if len(mail.raw) > _SIZE:
            raise _refused("BadRequestException", f"Message length is more than {_SIZE} bytes")
        self.core.sent_messages.append(mail)
        self.core.sent_message_count += len(recipients)
        tags = {tag["Name"]: tag["Value"] for tag in given.get("EmailTags") or ()}
        self._tell(mail, destinations, tags)
        return mail

    def _check(self, address: str, recipients: Sequence[str]) -> None:
        identities = self.core.email_identities
        if not {address, address.rpartition("@")[2]} & identities.keys():
            self.core.rejected_messages_count += 1
            raise _refused(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in "
                f"region {self.region_name.upper()}: {address}",
            )
        if not recipients:
            raise _refused("BadRequestException", "Must have at least one recipient.")
        if len(recipients) > _RECIPIENTS:
            raise _refused("BadRequestException", f"Recipient count exceeds {_RECIPIENTS}.")
        for recipient in recipients:
            if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(recipient)[1]):
                raise _refused("BadRequestException", f"Illegal address: {recipient}")

    def _tell(
        self,
        mail: SentMail,
        destinations: Mapping[str, Mapping[str, Any]],
        tags: Mapping[str, str],
    ) -> None:
        """Counts what becomes of a mail in CloudWatch, where an event destination asks for it."""
        known: dict[str, str] = {
            "ses:configuration-set": mail.configuration_set,
            "ses:from-domain": parseaddr(mail.source)[1].rpartition("@")[2],
            **tags,
        }
        events = [event for recipient in mail.destinations for event in _becomes(recipient)]
        for destination in destinations.values():
            listed = destination["CloudWatchDestination"]["DimensionConfigurations"]
            dimensions: dict[str, str] = {
                each["DimensionName"]: known.get(each["DimensionName"])
                or each["DefaultDimensionValue"]
                for each in listed
            }
            wanted = destination["MatchingEventTypes"] if destination.get("Enabled") else ()
            for event in wanted:
                if count := events.count(event):
                    metric = Metric(
                        namespace="AWS/SES",
                        name=event.capitalize(),
                        values=[1] * count,
                        dimensions=dimensions,
                    )
                    put_metric(self.account_id, self.region_name, metric)


def _becomes(recipient: str) -> Iterator[str]:
    simulated = _SIMULATED.fullmatch(parseaddr(recipient)[1])
    yield "SEND"
    yield from _BECOMES.get(simulated["what"].lower() if simulated else "", ("DELIVERY",))


def _recipients(given: Mapping[str, Any], message: EmailMessage) -> list[str]:
    """Those of the call; of a raw message without them, those that it names itself."""
    destination: Mapping[str, Sequence[str]] = given.get("Destination") or {}
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    named = [address for kind in kinds for address in destination.get(kind) or ()]
    if named or "Raw" not in given["Content"]:
        return named
    fields = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
    return [address for _, address in getaddresses(fields)]


def _message(given: Mapping[str, Any]) -> EmailMessage:
    content: Mapping[str, Any] = given.get("Content") or {}
    if "Raw" in content:
        raw = base64.b64decode(content["Raw"]["Data"])
        return message_from_bytes(raw, policy=policy.SMTP)
    if "Simple" not in content:
        raise not_carried_out(f"SendEmail with the content {', '.join(content) or 'of nothing'}")
    simple: Mapping[str, Any] = content["Simple"]
    destination: Mapping[str, Sequence[str]] = given.get("Destination") or {}
    headers = {
        "From": given.get("FromEmailAddress"),
        "To": ", ".join(destination.get("ToAddresses") or ()),
        "Cc": ", ".join(destination.get("CcAddresses") or ()),
        "Reply-To": ", ".join(given.get("ReplyToAddresses") or ()),
        "Subject": simple["Subject"]["Data"],
        "Date": formatdate(usegmt=True),
        **{header["Name"]: header["Value"] for header in simple.get("Headers") or ()},
    }
    message = EmailMessage(policy=policy.SMTP)
    for name, value in headers.items():
        if value:
            message[name] = value
    _add_bodies(message, simple["Body"])
    for attachment in simple.get("Attachments") or ():
        _attach(message, attachment)
    return message


def _add_bodies(message: EmailMessage, body: Mapping[str, Any]) -> None:
    if not body.keys() & {"Text", "Html"}:
        raise _refused("BadRequestException", "Body must have Text or Html.")
    if "Text" in body:
        message.set_content(body["Text"]["Data"], charset=body["Text"].get("Charset", "utf-8"))
    if "Html" in body:
        put = message.add_alternative if "Text" in body else message.set_content
        put(body["Html"]["Data"], subtype="html", charset=body["Html"].get("Charset", "utf-8"))


def _attach(message: EmailMessage, attachment: Mapping[str, Any]) -> None:
    content_type = attachment.get("ContentType") or "application/octet-stream"
    maintype, _, subtype = content_type.partition(";")[0].partition("/")
    message.add_attachment(
        base64.b64decode(attachment["RawContent"]),
        maintype=maintype,
        subtype=subtype,
        disposition=attachment.get("ContentDisposition", "ATTACHMENT").lower(),
        filename=attachment["FileName"],
        cid=attachment.get("ContentId"),
    )


class SandboxSESV2Response(SESV2Response):
    """SendEmail, identities that are verified, and event destinations, which moto lacks."""

    @property
    def _own(self) -> SandboxSESV2Backend:
        return cast("SandboxSESV2Backend", self.sesv2_backend)

    @property
    def _given(self) -> dict[str, Any]:
        return json.loads(self.body or "{}")

    def get_account(self) -> str:
        """Out of SES's own sandbox: no mail leaves this machine either way."""
        account = {
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
        }
        return json.dumps(account)

    def send_email(self) -> str:
        return json.dumps({"MessageId": self._own.send(self._given).id})

    def create_email_identity(self) -> str:
        name = str(self._get_param("EmailIdentity"))
        if name in self._own.core.email_identities:
            raise _refused("AlreadyExistsException", f"Email identity {name} already exist.")
        super().create_email_identity()
        identity = self._own.core.email_identities[name]
        _verify(identity)
        self._tag(f"identity/{name}")
        return json.dumps(
            {
                "IdentityType": identity.identity_type,
                "VerifiedForSendingStatus": True,
                "DkimAttributes": identity.dkim_attributes,
            }
        )

    def create_configuration_set(self) -> str:
        answer = super().create_configuration_set()
        self._tag(f"configuration-set/{self._get_param('ConfigurationSetName')}")
        return answer

    def put_configuration_set_delivery_options(self) -> str:
        name = str(self._get_param("ConfigurationSetName"))
        self._own.configuration_set(name)
        self._own.core.config_sets[name].delivery_options = self._given
        return "{}"

    def create_configuration_set_event_destination(self) -> str:
        given, told = self._given, self._own.configuration_set(self._set)
        name = given["EventDestinationName"]
        if name in told:
            raise _refused("AlreadyExistsException", f"Event destination {name} already exists.")
        told[name] = _checked(given["EventDestination"])
        return "{}"

    def update_configuration_set_event_destination(self) -> str:
        self._destination()
        told = self._own.configuration_set(self._set)
        told[self._name] = _checked(self._given["EventDestination"])
        return "{}"

    def delete_configuration_set_event_destination(self) -> str:
        self._destination()
        del self._own.configuration_set(self._set)[self._name]
        return "{}"

    def get_configuration_set_event_destinations(self) -> str:
        told = self._own.configuration_set(self._set)
        listed = [{"Name": name, **destination} for name, destination in told.items()]
        return json.dumps({"EventDestinations": listed})

    @property
    def _set(self) -> str:
        return str(self._get_param("ConfigurationSetName"))

    @property
    def _name(self) -> str:
        return str(self._get_param("EventDestinationName"))

    def _destination(self) -> None:
        if self._name not in self._own.configuration_set(self._set):
            message = f"Event destination {self._name} does not exist."
            raise _refused("NotFoundException", message, 404)

    def _tag(self, resource: str) -> None:
        """moto keeps tags under ARNs of its own making."""
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or ()}
        self._own.tag_resource(self._own.arn(resource), tags)


def _verify(identity: EmailIdentity) -> None:
    identity.verified_for_sending_status = True
    if identity.identity_type == "DOMAIN":
        named = [f"{identity.email_identity}{number}".encode() for number in range(3)]
        tokens = [hashlib.sha256(text).hexdigest()[:32] for text in named]
        identity.dkim_attributes |= {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": tokens}


def _checked(destination: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked to be told, where it is CloudWatch that is to be told it."""
    given = {name: value for name, value in destination.items() if value is not None}
    others = given.keys() - {"Enabled", "MatchingEventTypes", "CloudWatchDestination"}
    others |= set(given.get("MatchingEventTypes") or ()) - EVENT_TYPES
    if others or "CloudWatchDestination" not in given:
        what = ", ".join(sorted(others)) or "no CloudWatch destination"
        raise not_carried_out(f"event destinations with {what}")
    if not given.get("MatchingEventTypes"):
        raise _refused("BadRequestException", "An event destination needs matching event types.")
    return given


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(sesv2_backends, "backend", SandboxSESV2Backend)
    paths = {"{0}/v2/.*": SandboxSESV2Response.dispatch}
    replacements.replace(moto.sesv2.urls, "url_paths", paths)
