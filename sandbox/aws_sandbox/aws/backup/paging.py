"""Lists given out in pages, as every List operation does."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_sandbox.aws.backup.errors import invalid
from aws_sandbox.aws.backup.scope import Params

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
