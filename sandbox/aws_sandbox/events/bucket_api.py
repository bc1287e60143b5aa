"""moto's S3 buckets, whose notifications go to the pump, for the events that S3 has."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from aws_sandbox.events.object_changes import ObjectChange
from aws_sandbox.events.s3_events import S3Events
from aws_sandbox.moto_changes.replacements import Replacements

_TAGGED = S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT
_COMPLETED = S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT
_MARKED = S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT


class _Answering(threading.local):
    """The one event of the operation that this thread answers; "" leaves it to moto."""

    event = ""


_answering = _Answering()


def install(
    replacements: Replacements, s3_events: S3Events, created: Callable[[FakeBucket, FakeKey], None]
) -> None:
    """`created` is called with each object that comes, and its bucket."""

    def send_event(
        account_id: str, event_name: S3NotificationEvent, bucket: FakeBucket, key: Any
    ) -> None:
        # moto tells of tags whenever an object is put, and of both a put and a completed upload.
        if event_name == (_answering.event or event_name) and (
            event_name != _TAGGED or _answering.event
        ):
            change = ObjectChange.of(event_name.value, account_id, bucket, key)
            s3_events.tell(change)
            if change.creates:
                created(bucket, key)

    def send_test_event(account_id: str, bucket: FakeBucket) -> None:  # noqa: ARG001
        s3_events.test(bucket)

    def telling_of_marker(set_delete_marker: Callable[..., Any]) -> Callable[..., Any]:
        def set_and_tell(self: S3Backend, bucket_name: str, key_name: str) -> FakeDeleteMarker:
            marker = set_delete_marker(self, bucket_name, key_name)
            send_event(self.account_id, _MARKED, self.get_bucket(bucket_name), marker)
            return marker

        return set_and_tell

    replacements.replace(notifications, "send_event", send_event)
    replacements.replace(notifications, "send_test_event", send_test_event)
    replacements.wrap(S3Backend, "_set_delete_marker", telling_of_marker)
    replacements.wrap(S3Backend, "complete_multipart_upload", _telling_only(_COMPLETED))
    replacements.wrap(S3Response, "put_object_tagging", _telling_only(_TAGGED))
    replacements.wrap(FakeBucket, "set_notification_configuration", _kept_when_refused)
    replacements.wrap(S3Response, "get_bucket_notification", _naming_event_bridge)


def _telling_only(event: S3NotificationEvent) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    @contextmanager
    def answering() -> Generator[None]:
        _answering.event = event.value
        try:
            yield
        finally:
            _answering.event = ""

    def wrapper(operation: Callable[..., Any]) -> Callable[..., Any]:
        def operate(*args: Any, **kwargs: Any) -> Any:
            with answering():
                return operation(*args, **kwargs)

        return operate

    return wrapper


def _kept_when_refused(set_configuration: Callable[..., None]) -> Callable[..., None]:
    """Keeps the configuration that was there when a destination of the new one is refused."""

    def set_or_keep(self: FakeBucket, notification_config: dict[str, Any] | None) -> None:
        before = self.notification_configuration
        try:
            set_configuration(self, notification_config)
        except S3ClientError:
            self.notification_configuration = before
            raise

    return set_or_keep


def _naming_event_bridge(get: Callable[..., Any]) -> Callable[..., Any]:
    """moto keeps that events go to EventBridge, and does not say so when it is asked."""

    def get_whole(self: S3Response) -> Any:
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        serialized = self.serialized

        def serialized_whole(action_result: ActionResult) -> Any:
            content = cast("dict[str, Any]", action_result.result)
            return serialized(ActionResult({**content, "EventBridgeConfiguration": {}}))

        if configuration is not None and configuration.event_bridge is not None:
            self.serialized = serialized_whole
        return get(self)

    return get_whole
