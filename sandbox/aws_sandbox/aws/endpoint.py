"""The AWS endpoint as one WSGI application: who asks, for what, is it allowed, then moto.

Moto's handlers are called straight, since its own server would search for the service on each
request: the first of a service's URL patterns that matches, as its in-process mode does.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from moto import backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.request import Request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from aws_sandbox.aws.api_calls import (
    ApiCall,
    AwsError,
    Signature,
    bad_credentials,
    response_of,
    service_model,
    service_of,
)
from aws_sandbox.aws.authorizer import Authorizer, check_policies, is_known
from aws_sandbox.aws.context import RequestContext, Services
from aws_sandbox.aws.presigned import check_life, check_signature
from aws_sandbox.aws.principals import PARTITION, CredentialsError
from aws_sandbox.control import PREFIX, ControlApi
from aws_sandbox.journal import JournalEntry
from aws_sandbox.moto_changes import permanent
from aws_sandbox.moto_changes.s3 import is_lacking

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Answer = tuple[int | str, Mapping[str, Any], str | bytes] | str | bytes
Handler = Callable[[Request, str, Mapping[str, str]], Answer]

_ANY_ACCOUNT = "111111111111"
_ANY_REGION = "us-east-1"


class ServedRequest(Request):
    """A request that came by HTTP, so that moto leaves the Date header to the server."""

    from_wsgi_server = True


class NoHandlerError(Exception):
    """Moto has nothing for this service, or no route for this path of it."""


def dispatch(service: str, request: Request) -> Response:
    """Moto's answer; raises NoHandlerError where it has none."""
    handler = _handler(service, request.raw_path)
    try:
        answer = handler(request, request.raw_url, dict(request.headers))
    except HTTPException as error:
        return error.get_response(request.environ)
    except ClientError as error:
        return Response(error.response.get("Error", {}).get("Message"), 400)
    if not isinstance(answer, tuple):
        return Response(answer)
    status, headers, content = answer
    named = {name: str(value) for name, value in headers.items() if name != "status"}
    response = Response(content, int(status), named)
    length = headers.get("content-length")
    if request.method == "HEAD" and length is not None:
        response.headers["Content-Length"] = str(length)
    return response


def _handler(service: str, path: str) -> Handler:
    for pattern, handler in _routes(service):
        if pattern.match(path):
            return handler
    raise NoHandlerError(f"moto has no route for {path} of {service}")


@lru_cache(maxsize=128)
def _routes(service: str) -> Sequence[tuple[re.Pattern[str], Handler]]:
    # get_backend is declared for literal names alone.
    get_backend = cast("Callable[[str], BackendDict[BaseBackend]]", backends.get_backend)
    try:
        found = get_backend(service)[_ANY_ACCOUNT]
    except ImportError as error:
        raise NoHandlerError(f"moto has no {service}") from error
    backend = found[PARTITION if PARTITION in found else _ANY_REGION]
    return [(re.compile(path), handler) for path, handler in backend.url_paths.items()]


log = logging.getLogger(__name__)


class Endpoint:
    """AWS's API on one address, the sandbox's control calls beside it."""

    def __init__(self, services: Services, control: ControlApi) -> None:
        permanent.install()
        self._services = services
        self._control = control
        self._authorizer = Authorizer(services.access)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PREFIX):
            return self._control(environ, start_response)
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        request = ServedRequest(environ)
        request.get_data()  # kept for moto, before a form is read from it
        protocol, service, asked = "rest-xml", "s3", f"{request.method} {request.path}"
        try:
            signature = Signature.of(request)
            service = asked = service_of(signature, request)
            protocol = str(service_model(service).protocol)
            call = ApiCall.read(service, signature.region, request)
            protocol, asked = call.protocol, call.name
            return self._dispatch(call, signature, environ)
        except CredentialsError as error:
            refusal = bad_credentials(error.code, str(error), protocol, service)
        except AwsError as error:
            refusal = error
        except Exception as error:
            # Whatever the unfinished parts of moto stumble over, or ours.
            log.exception("%s", asked)
            what = f"the sandbox cannot answer {asked}: {type(error).__name__}: {error}"
            refusal = AwsError("NotImplemented", what, 501)
        self._services.journal.record(
            JournalEntry(source="client", target=asked, outcome="refused", reason=str(refusal))
        )
        return response_of(refusal, protocol, service)

    def _dispatch(
        self, call: ApiCall, signature: Signature, environ: "WSGIEnvironment"
    ) -> Response:
        sessions = self._services.sessions
        age = self._services.ageing.age(signature.signed) if signature.signed else timedelta()
        if signature.presigned:
            check_life(call.request, signature, age)
        caller = sessions.caller(signature.access_key_id, signature.session_token)
        if signature.presigned and call.service == "s3":
            check_signature(call.request, signature, sessions.secret(signature.access_key_id))
        lacking = call.service == "s3" and is_lacking(call.operation)
        if lacking or not is_known(call.name):
            raise _unknown(call)
        self._services.throttling.check(call)
        account = self._authorizer.authorize(call, caller, _signature_keys(signature, age))
        check_policies(call)
        RequestContext(caller=caller, services=self._services).attach(environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        try:
            response = dispatch(call.service, call.request)
        except (NoHandlerError, NotImplementedError) as error:
            raise _unknown(call) from error
        if response.status_code == 404 and not response.data and call.request.method != "HEAD":
            # So moto answers when it has a route but no method for an operation.
            raise _unknown(call)
        return response


def _signature_keys(signature: Signature, age: timedelta) -> Mapping[str, str]:
    """S3's condition keys that speak of a signature; its age is in milliseconds."""
    return {
        "s3:authType": "REST-QUERY-STRING" if signature.presigned else "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:signatureAge": str(max(0, age // timedelta(milliseconds=1))),
    }


def _unknown(call: ApiCall) -> AwsError:
    return AwsError("NotImplemented", f"the sandbox does not know {call.name}", 501)
