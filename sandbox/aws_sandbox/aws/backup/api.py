"""What the operations of AWS Backup share: an account's state in a Region, errors and pages."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from moto.backup.models import backup_backends
from moto.core.exceptions import ServiceException

from aws_sandbox.aws.backup.state import Document, SandboxBackupBackend, backend_of
from aws_sandbox.aws.context import Services
from aws_sandbox.aws.principals import iam_backend
from aws_sandbox.moto_changes.iam import SandboxIAMBackend


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


REPORTS_SERVICE = "reports.backup.amazonaws.com"


def provide_reports_role(api: BackupApi) -> None:
    """AWSServiceRoleForBackupReports, with the account's first framework or report plan."""
    backend = cast("SandboxIAMBackend", iam_backend(api.account))
    backend.provide_service_linked_role(REPORTS_SERVICE)


_PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "structure": Mapping,
    "map": Mapping,
    "list": list,
}


def validate(shape: StructureShape, params: Mapping[str, Any]) -> None:
    """Raises MissingParameterValueException or InvalidParameterValueException, all in one."""
    absent = list(_absent(shape, params, ""))
    if absent:
        raise missing(f"Required parameters are missing: {', '.join(absent)}")
    problems = list(_shape_problems(shape, params, ""))
    if problems:
        raise invalid("; ".join(problems))


def _absent(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        for name in shape.required_members:
            if given.get(name) is None:
                yield f"{path}{name}"
        for name, member in shape.members.items():
            if given.get(name) is not None:
                yield from _absent(member, given[name], f"{path}{name}.")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from _absent(shape.member, entry, f"{path}{index}.")


def _shape_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected = _PYTHON_TYPES.get(shape.type_name)
    if expected and (not isinstance(value, expected) or _is_stray_boolean(shape, value)):
        yield f"{path or 'the request'} must be a {shape.type_name}, not {value!r}"
        return
    yield from _out_of_range(shape, value, path)
    if isinstance(shape, StringShape):
        yield from _bad_text(shape, value, path)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _shape_problems(member, value[name], f"{path}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for index, entry in enumerate(value):
            yield from _shape_problems(shape.member, entry, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, entry in value.items():
            yield from _shape_problems(shape.key, key, f"key {key!r} of {path}")
            yield from _shape_problems(shape.value, entry, f"{path}.{key}")


def _is_stray_boolean(shape: Shape, value: Any) -> bool:
    return isinstance(value, bool) and shape.type_name != "boolean"


def _out_of_range(shape: Shape, value: Any, path: str) -> Iterator[str]:
    sized = isinstance(value, str | list | Mapping)
    if not sized and not isinstance(value, int):
        return
    measure = len(cast("str", value)) if sized else value
    what = "the length of " if sized else ""
    metadata = cast("Mapping[str, Any]", shape.metadata)
    if "min" in metadata and measure < metadata["min"]:
        yield f"{what}{path} must be at least {metadata['min']}, not {measure}"
    if "max" in metadata and measure > metadata["max"]:
        yield f"{what}{path} must be at most {metadata['max']}, not {measure}"


def _bad_text(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path} must be one of {', '.join(shape.enum)}, not {value!r}"
    pattern = cast("str | None", cast("Mapping[str, Any]", shape.metadata).get("pattern"))
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield f"{path} must match {pattern}, but is {value!r}"


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
