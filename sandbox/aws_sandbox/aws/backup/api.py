"""What the operations of AWS Backup share: an account's state in a Region, errors and pages."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from botocore.model import StructureShape
from moto.backup.models import backup_backends
from moto.core.exceptions import ServiceException

from aws_sandbox.aws.backup.state import Document, SandboxBackupBackend, backend_of
from aws_sandbox.aws.context import Services
from aws_sandbox.aws.principals import iam_backend
from aws_sandbox.moto_changes.iam import SandboxIAMBackend
from aws_sandbox.shapes import missing_members, violations, written


class BackupError(ServiceException):
    """An error of the AWS Backup API; `code` is the exception's name in botocore's model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def invalid(message: str) -> BackupError:
    return BackupError("InvalidParameterValueException", message)


def missing(message: str) -> BackupError:
    return BackupError("MissingParameterValueException", message)


def not_found(message: str) -> BackupError:
    return BackupError("ResourceNotFoundException", message)


def already_exists(message: str) -> BackupError:
    return BackupError("AlreadyExistsException", message)


def refused(message: str) -> BackupError:
    """The parameters are right, but the state of things does not allow it."""
    return BackupError("InvalidRequestException", message)


def over_limit(message: str) -> BackupError:
    return BackupError("LimitExceededException", message)


Params = Mapping[str, Any]
"""An operation's parameters, by the names in botocore's model."""


@dataclass(frozen=True, kw_only=True)
class BackupApi:
    """One account in one Region, with the sandbox's services."""

    account: str
    region: str
    services: Services

    @property
    def backend(self) -> SandboxBackupBackend:
        return backend_of(self.account, self.region)

    def all_regions(self) -> Iterator[SandboxBackupBackend]:
        """The account's state in each Region where it has any."""
        for backend in list(backup_backends[self.account].values()):
            yield cast("SandboxBackupBackend", backend)

    def now(self) -> datetime:
        """The time, naive and UTC as moto's serializers want it, in AWS's milliseconds."""
        now = self.services.clock().replace(tzinfo=None)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def uuid(self) -> str:
        return self.services.ids.uuid()

    def version_id(self) -> str:
        """An opaque version of a plan, 48 characters of base64 as AWS's are."""
        return base64.b64encode(self.uuid().encode()).decode()

    def emit(self, event: Mapping[str, Any]) -> None:
        self.services.emit(self.account, self.region, event)


Operation = Callable[[BackupApi, Params], Mapping[str, Any] | None]
"""An operation: its answer's members, None for an empty answer; BackupError for an error."""


_LARGEST_PAGE = 1000


def page(params: Params, name: str, items: Sequence[Any]) -> Mapping[str, Any]:
    """The page that MaxResults and NextToken ask for, as the member `name` of the answer."""
    token = params.get("NextToken") or "0"
    if not token.isdigit():
        raise invalid(f"NextToken {token!r} is none that a list was answered with")
    start = int(token)
    end = start + (params.get("MaxResults") or _LARGEST_PAGE)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {name: items[start:end], **more}


_LISTED = timedelta(days=30)


def recent(api: BackupApi, jobs: Mapping[str, Document]) -> list[Document]:
    """The jobs that AWS still lists: of the last 30 days. (Its guide says so of backup jobs; of
    copy and restore jobs it does not say how long.)"""
    since = api.now() - _LISTED
    return [job for job in list(jobs.values()) if job["CreationDate"] >= since]


def matching(
    items: Sequence[Document], params: Params, members: Mapping[str, str]
) -> list[Document]:
    """The items that pass every filter given.

    `members` maps a parameter to the member it looks at (`CreatedBy.BackupPlanId`): one that ends
    in Before or After compares, another one must be equal; `*` passes everything.
    """
    wanted = {
        name: params[name]
        for name in members
        if params.get(name) is not None and params[name] != "*"
    }
    return [
        item
        for item in items
        if all(_passes(name, _member(item, members[name]), value) for name, value in wanted.items())
    ]


def _member(item: Mapping[str, Any], path: str) -> Any:
    value: Any = item
    for name in path.split("."):
        value = None if value is None else value.get(name)
    return value


def _passes(name: str, found: Any, wanted: Any) -> bool:
    if name.endswith("Before"):
        return found is not None and found < wanted
    if name.endswith("After"):
        return found is not None and found > wanted
    return found == wanted


def message_category(state: str, message: str) -> str | None:
    """SUCCESS of what completed without a word; for what else there is AWS publishes no list."""
    return "SUCCESS" if state == "COMPLETED" and not message else None


REPORTS_SERVICE = "reports.backup.amazonaws.com"


def provide_linked_role(api: BackupApi, service: str) -> None:
    """The service-linked role of AWS Backup (`backup.amazonaws.com`), or the one of its reports,
    which is there with the account's first use of it."""
    backend = cast("SandboxIAMBackend", iam_backend(api.account))
    backend.provide_service_linked_role(service)


_BY_TYPE = {"ResourceTypeOptInPreference", "ResourceTypeManagementPreference"}
"""Their keys are AWS's names of types, `Storage Gateway` too, which its own pattern refuses."""


def validate(shape: StructureShape, params: Params) -> None:
    """Raises MissingParameterValueException or InvalidParameterValueException, all in one."""
    absent = [written(place) for place in missing_members(shape, params)]
    if absent:
        raise missing(f"Required parameters are missing: {', '.join(absent)}")
    problems = [
        f"{written(place)} {reason}"
        for place, reason in violations(shape, params)
        if _BY_TYPE.isdisjoint(place[:-1]) or not reason.startswith("must match")
    ]
    if problems:
        raise invalid("; ".join(problems))


_TAGS_PER_RESOURCE = 50


def _known(api: BackupApi, arn: str) -> str:
    if arn not in api.backend.taggable():
        raise not_found(f"There is no resource {arn} of AWS Backup.")
    return arn


def list_tags(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return {"Tags": api.backend.tags(_known(api, params["ResourceArn"]))}


def tag_resource(api: BackupApi, params: Params) -> None:
    arn = _known(api, params["ResourceArn"])
    for key in params["Tags"]:
        if key.lower().startswith("aws:"):
            raise invalid(f"The tag_resource key {key} begins with aws:, which is AWS's own.")
    if len(api.backend.tags(arn) | params["Tags"]) > _TAGS_PER_RESOURCE:
        raise invalid(f"A resource carries at most {_TAGS_PER_RESOURCE} tags.")
    api.backend.tag_resource(arn, params["Tags"])


def untag_resource(api: BackupApi, params: Params) -> None:
    api.backend.untag_resource(_known(api, params["ResourceArn"]), params["TagKeyList"])


OPERATIONS: Mapping[str, Operation] = {
    "ListTags": list_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
