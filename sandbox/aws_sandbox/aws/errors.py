"""Errors in the form that each AWS protocol gives them."""

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

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
    """A request is answered with this error; `code` is AWS's own."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


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
    unknown = code == "InvalidClientTokenId" and service == "s3"
    return AwsError("InvalidAccessKeyId" if unknown else code, message, 403)


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
        body = f"<Error>{fields}<RequestId>{_REQUEST_ID}</RequestId></Error>"
    elif protocol == "ec2":
        body = f"<Response><Errors><Error>{fields}</Error></Errors></Response>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type>{fields}</Error>"
            f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
        )
    return Response(body, error.status, content_type="application/xml")
