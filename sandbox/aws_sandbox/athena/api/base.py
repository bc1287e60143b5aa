"""What all of Athena's operations share: who calls, pages, and how refusals are answered."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from moto.athena.responses import AthenaResponse
from typing_extensions import override
from werkzeug.exceptions import HTTPException

from aws_sandbox.athena.calling import Caller
from aws_sandbox.athena.metadata import MetadataError
from aws_sandbox.athena.service import AthenaService
from aws_sandbox.athena.workgroups import InvalidRequestError

_CREDENTIAL = re.compile("Credential=([^/,]+)/")


class Operations(AthenaResponse):
    """A request to Athena."""

    service: AthenaService
    """Set by `install`."""

    def caller(self) -> Caller:
        return Caller(
            account=self.current_account,
            region=self.region,
            access_key_id=_CREDENTIAL.findall(self.headers.get("Authorization", ""))[0],
            session_token=self.headers.get("X-Amz-Security-Token") or "",
            endpoint=f"http://{self.headers['Host']}",
        )

    def start(self) -> int:
        """Where the page that NextToken means begins."""
        token = self._get_param("NextToken") or "0"
        if not token.isdecimal():
            raise InvalidRequestError(f"Unexpected token {token}")
        return int(token)

    def page(self, name: str, items: Sequence[Any], default: int) -> Mapping[str, Any]:
        start = self.start()
        end = start + int(self._get_param("MaxResults") or default)
        return {
            name: items[start:end],
            **({"NextToken": str(end)} if end < len(items) else {}),
        }


_Request = TypeVar("_Request", bound=Operations)


def answers(method: Callable[[_Request], Mapping[str, Any]]) -> Callable[[_Request], str]:
    """Gives an operation's answer as JSON, and its refusals with Athena's names for them."""

    @wraps(method)
    def answer(request: _Request) -> str:
        try:
            return json.dumps(method(request))
        except InvalidRequestError as error:
            raise _Refusal(
                "InvalidRequestException", str(error), AthenaErrorCode=error.code
            ) from error
        except MetadataError as error:
            raise _Refusal("MetadataException", str(error)) from error

    return answer


class _Refusal(HTTPException):
    """An error in the form that moto hands on as it is."""

    code = 400

    def __init__(self, kind: str, message: str, **fields: str) -> None:
        super().__init__(json.dumps({"__type": kind, "Message": message, **fields}))

    @override
    def get_headers(self, *_arguments: Any, **_named: Any) -> list[tuple[str, str]]:
        return [("Content-Type", "application/x-amz-json-1.1")]
