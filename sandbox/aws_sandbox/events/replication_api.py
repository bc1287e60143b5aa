"""moto's S3, whose replication configurations are checked and carried out."""

import threading
from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.s3.responses import S3Response

from aws_sandbox.events.replication import Replication
from aws_sandbox.events.replication_rules import check, configuration_of, described
from aws_sandbox.moto_changes.replacements import Replacements

_CREATES = ("put_object", "copy_object", "_bucket_response_post")
"""Operations that tell of an object before its metadata and tags are on it."""


class _Creating(threading.local):
    """What the operation that this thread answers has created; None outside of one."""

    created: list[tuple[FakeBucket, FakeKey]] | None = None


Follow = Callable[[FakeBucket, FakeKey], None]


def install(replacements: Replacements, replication: Replication) -> Follow:
    """Gives what to call with each object that was created."""
    creating = _Creating()

    def follow(bucket: FakeBucket, key: FakeKey) -> None:
        if creating.created is None:
            replication.follow(bucket, key)
        else:
            creating.created.append((bucket, key))

    def following(operation: Callable[..., Any]) -> Callable[..., Any]:
        def operate(*args: Any, **kwargs: Any) -> Any:
            created: list[tuple[FakeBucket, FakeKey]] = []
            creating.created = created
            try:
                return operation(*args, **kwargs)
            finally:
                creating.created = None
                for bucket, key in created:
                    replication.follow(bucket, key)

        return operate

    headers = cast("property", FakeKey.__dict__["response_dict"]).fget
    assert headers is not None

    def with_status(self: FakeKey) -> dict[str, Any]:
        status = replication.status(self)
        return headers(self) | ({"x-amz-replication-status": status} if status else {})

    for name in _CREATES:
        replacements.wrap(S3Response, name, following)
    replacements.replace(FakeKey, "response_dict", property(with_status))
    replacements.wrap(S3Response, "get_bucket_replication", _whole)
    replacements.wrap(S3Backend, "put_bucket_replication", _checked)
    replacements.wrap(S3Backend, "put_bucket_versioning", _kept_while_replicated)
    return follow


def _checked(put: Callable[..., None]) -> Callable[..., None]:
    def check_and_put(self: S3Backend, bucket_name: str, replication: dict[str, Any]) -> None:
        check(self.get_bucket(bucket_name), replication)
        put(self, bucket_name, replication)

    return check_and_put


def _whole(get: Callable[..., Any]) -> Callable[..., Any]:
    def get_whole(self: S3Response) -> Any:
        kept = self.backend.get_bucket_replication(self.bucket_name)
        if not kept:
            return get(self)
        serialized = self.serialized

        def serialized_whole(action_result: ActionResult) -> Any:  # noqa: ARG001
            return serialized(ActionResult(described(kept)))

        self.serialized = serialized_whole
        return get(self)

    return get_whole


def _kept_while_replicated(put: Callable[..., None]) -> Callable[..., None]:
    def put_unless_replicated(self: S3Backend, bucket_name: str, status: str) -> None:
        if status != "Enabled" and configuration_of(self.get_bucket(bucket_name)) is not None:
            raise S3ClientError(
                "InvalidBucketState",
                "A replication configuration is present on this bucket, so you cannot change the "
                "versioning state. To change the versioning state, first delete the replication "
                "configuration.",
            )
        put(self, bucket_name, status)

    return put_unless_replicated
