"""Tags on anything of AWS Backup that can carry them."""

from collections.abc import Mapping
from typing import Any

from aws_sandbox.aws.backup.errors import invalid, not_found
from aws_sandbox.aws.backup.scope import Operation, Params, Scope

_TAGS_PER_RESOURCE = 50


def _known(scope: Scope, arn: str) -> str:
    if all(arn != known for known, _ in scope.backend.taggable()):
        raise not_found(f"There is no resource {arn} of AWS Backup.")
    return arn


def list_tags(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"Tags": scope.backend.tags(_known(scope, params["ResourceArn"]))}


def tag(scope: Scope, params: Params) -> None:
    arn = _known(scope, params["ResourceArn"])
    for key in params["Tags"]:
        if key.lower().startswith("aws:"):
            raise invalid(f"The tag key {key} begins with aws:, which is AWS's own.")
    if len(scope.backend.tags(arn) | params["Tags"]) > _TAGS_PER_RESOURCE:
        raise invalid(f"A resource carries at most {_TAGS_PER_RESOURCE} tags.")
    scope.backend.tag_resource(arn, params["Tags"])


def untag(scope: Scope, params: Params) -> None:
    scope.backend.untag_resource(_known(scope, params["ResourceArn"]), params["TagKeyList"])


OPERATIONS: Mapping[str, Operation] = {
    "ListTags": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}
