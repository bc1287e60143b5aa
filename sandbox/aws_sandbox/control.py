"""The sandbox's own calls, by HTTP under `/_sandbox/<name>`: JSON in, JSON out."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/_sandbox/"
Handler = Callable[[Mapping[str, Any]], Any]

log = logging.getLogger(__name__)


class ControlApi:
    """The registered calls, as a WSGI application.

    A call is a POST of a JSON object with its content type (so no web page can make it); one that
    only reads may also be a GET with its arguments in the query.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._readable: set[str] = set()

    def add(self, name: str, handler: Handler, *, reads_only: bool = False) -> None:
        """Offers `handler` as `/_sandbox/<name>`; its ValueError becomes a 400 with the message.

        What it gives is answered as JSON, a Response as it is.
        """
        if name in self._handlers:
            raise ValueError(f"two handlers for the control call {name!r}")
        self._handlers[name] = handler
        if reads_only:
            self._readable.add(name)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._answer(request)
            response = answer if isinstance(answer, Response) else _json(answer, 200)
        except HTTPException as error:
            response = _json({"error": error.description}, error.code or 500)
        except ValueError as error:
            response = _json({"error": str(error)}, 400)
        except Exception as error:
            log.exception("%s", request.path)
            response = _json({"error": f"{type(error).__name__}: {error}"}, 500)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Any:
        name = request.path.removeprefix(PREFIX)
        handler = self._handlers.get(name)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            raise NotFound(f"the sandbox has no control call {name!r}; it has: {known}")
        if request.method == "GET" and name in self._readable:
            return handler(request.args.to_dict())
        if request.method != "POST":
            raise MethodNotAllowed(description=f"{name} is called with POST")
        if request.mimetype != "application/json":
            raise BadRequest(f"{name} takes application/json, not {request.mimetype!r}")
        arguments = json.loads(request.get_data() or b"{}")
        if not isinstance(arguments, dict):
            raise BadRequest(f"{name} takes a JSON object")
        return handler(cast("dict[str, Any]", arguments))


def _json(content: Any, status: int) -> Response:
    return Response(json.dumps(content, default=str), status, content_type="application/json")
