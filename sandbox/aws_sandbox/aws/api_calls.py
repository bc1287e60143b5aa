"""Signed requests, read: which service and operation one calls, and how each protocol says no."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

_REQUEST_ID = "00000000-0000-0000-0000-000000000000"
_DENIED: Mapping[str, str] = {
    "json": "AccessDeniedException",
    "rest-json": "AccessDeniedException",
    "query": "AccessDenied",
    "ec2": "UnauthorizedOperation",
    "rest-xml": "AccessDenied",
}
_DENIED_OF_SERVICE: Mapping[str, str] = {"sns": "AuthorizationError", "sqs": "AccessDenied"}
_JSON_CREDENTIALS: Mapping[str, str] = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidToken": "UnrecognizedClientException",
}
_FORBIDDEN_AS_400 = frozenset({"json"})


class AwsError(Exception):
    """A request is answered with this error; `code` is AWS's own.

    `details` are further elements of S3's answer.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.details = details or {}


def access_denied(service: str, protocol: str, message: str) -> AwsError:
    """The service's own way to say that something is not allowed."""
    code = _DENIED_OF_SERVICE.get(service) or _DENIED[protocol]
    return AwsError(code, message, 400 if protocol in _FORBIDDEN_AS_400 else 403)


def not_carried_out(what: str) -> AwsError:
    """For a setting that the sandbox would have to ignore."""
    return AwsError("NotImplemented", f"the sandbox does not carry out {what}", 501)


def bad_credentials(code: str, message: str, protocol: str, service: str) -> AwsError:
    """Credentials that are unknown or have expired, under the name that the service gives it."""
    if protocol in ("json", "rest-json"):
        return AwsError(_JSON_CREDENTIALS.get(code, code), message, 400)
    if service != "s3":
        return AwsError(code, message, 403)
    if code == "InvalidClientTokenId":
        return AwsError("InvalidAccessKeyId", message, 403)
    return AwsError(code, message, 400)


def response_of(error: AwsError, protocol: str, service: str) -> Response:
    """The error as the protocol writes it."""
    code, message = error.code, str(error)
    if protocol in ("json", "rest-json"):
        headers = {"x-amzn-errortype": code, "x-amzn-requestid": _REQUEST_ID}
        if service == "sqs":
            headers["x-amzn-query-error"] = f"{code};Sender"
        body = json.dumps({"__type": code, "message": message})
        return Response(body, error.status, headers, content_type="application/x-amz-json-1.1")
    fields = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        fields += "".join(f"<{k}>{escape(text)}</{k}>" for k, text in error.details.items())
        ids = f"<RequestId>{_REQUEST_ID}</RequestId><HostId>sandbox</HostId>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{fields}{ids}</Error>'
    elif protocol == "ec2":
        body = f"<Response><Errors><Error>{fields}</Error></Errors></Response>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type>{fields}</Error>"
            f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
        )
    return Response(body, error.status, content_type="application/xml")


_SERVICE_OF_SIGNING_NAME: Mapping[str, str] = {
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
    "states": "stepfunctions",
}
"""Where the name in a signature is not botocore's name of the service."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who signs, for which service and Region.

    Pre-signed URLs of S3 are verified (presigned.py); another request is taken to be signed by
    whom it names.
    """

    access_key_id: str
    session_token: str
    signing_name: str
    region: str
    signed: datetime | None
    """When; None where that cannot be read."""
    presigned: bool = False

    @staticmethod
    def of(request: Request) -> "Signature":
        """Reads the Authorization header or a pre-signed URL; raises AwsError without either."""
        header = request.headers.get("Authorization", "")
        if header.startswith("AWS4-HMAC-SHA256"):
            credential = header.partition("Credential=")[2].partition(",")[0]
            return _scoped(credential, request.headers, presigned=False)
        if "X-Amz-Credential" in request.args:
            return _scoped(request.args["X-Amz-Credential"], request.args, presigned=True)
        if "AWSAccessKeyId" in request.args:
            raise AwsError(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use "
                "AWS4-HMAC-SHA256.",
            )
        raise AwsError(
            "AccessDenied",
            "The sandbox answers signed requests alone: the request has neither an Authorization "
            "header of AWS Signature Version 4 nor the query of a presigned URL.",
            403,
        )


def _scoped(credential: str, given: "Headers | Mapping[str, str]", *, presigned: bool) -> Signature:
    """From the credential `key/date/region/service/aws4_request`, and the headers or the query."""
    scope = credential.split("/")
    if len(scope) != 5:
        raise AwsError("IncompleteSignature", f"{credential!r} is no credential scope.", 403)
    try:
        signed = datetime.strptime(given.get("X-Amz-Date", ""), "%Y%m%dT%H%M%S%z")
    except ValueError:
        signed = None
    return Signature(
        access_key_id=scope[0],
        session_token=given.get("X-Amz-Security-Token", ""),
        signing_name=scope[3].lower(),
        region=scope[2],
        signed=signed,
        presigned=presigned,
    )


@lru_cache(maxsize=64)
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, with moto's additions; AwsError for an unknown service."""
    try:
        return get_service_model(service)
    except UnknownServiceError as error:
        raise AwsError("UnknownService", f"the sandbox knows no service {service!r}") from error


def service_of(signature: Signature, request: Request) -> str:
    """botocore's name of the service that a request calls."""
    name = signature.signing_name
    if name == "s3" and request.path.startswith("/v20180820/"):
        return "s3control"
    if name == "ses" and request.path.startswith("/v2/"):
        return "sesv2"
    if name == "dynamodb" and request.headers.get("X-Amz-Target", "").startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    return _SERVICE_OF_SIGNING_NAME.get(name, name)


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """One call of one operation."""

    model: ServiceModel
    operation_model: OperationModel
    region: str
    request: Request
    uri_params: Mapping[str, Any]

    @staticmethod
    def read(service: str, region: str, request: Request) -> "ApiCall":
        """Finds the operation; raises AwsError naming what was asked for when there is none."""
        model = service_model(service)
        try:
            operation, uri_params = get_service_router(service).match(request)
        except (NotFound, NotImplementedError) as error:
            asked = request.headers.get("X-Amz-Target") or f"{request.method} {request.path}"
            raise AwsError(
                "UnknownOperationException", f"{service} has no operation for {asked}", 404
            ) from error
        return ApiCall(
            model=model,
            operation_model=operation,
            region=region,
            request=request,
            uri_params=uri_params,
        )

    @property
    def service(self) -> str:
        return str(self.model.service_name)

    @property
    def operation(self) -> str:
        return str(self.operation_model.name)

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def protocol(self) -> str:
        return determine_request_protocol(self.model, self.request.content_type)

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """The operation's parameters by the names of botocore's model."""
        parser = PROTOCOL_PARSERS[self.protocol](self.operation_model)
        headers = cast("Headers", self.request.headers)
        parsed = parser.parse(
            {
                "method": self.request.method,
                "values": self.request.values,
                "headers": headers,
                "body": self.request.get_data(),
                "url_path": self.request.path,
                "url_params": dict(self.uri_params),
            }
        )
        return cast("Mapping[str, Any]", parsed)
