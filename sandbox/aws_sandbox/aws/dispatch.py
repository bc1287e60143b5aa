"""Moto's handlers, called straight: its own server would search for the service on each request.

Moto's in-process mode works the same way: the first of a service's URL patterns that matches.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from botocore.exceptions import ClientError
from moto import backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.request import Request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from aws_sandbox.aws.sessions import PARTITION

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
