"""Wildcards and policy variables, compiled to regular expressions."""

import re
from collections.abc import Mapping
from functools import lru_cache

from aws_sandbox.iam.requests import ContextValue

_TOKEN = re.compile(r"\$\{([^}]*)\}|([*?])")
_VARIABLE = re.compile(r"\s*([^,]+?)\s*(?:,\s*'(.*)'\s*)?")
_ARN_SEGMENTS = 6


def matches(
    pattern: str,
    value: str,
    *,
    keys: Mapping[str, ContextValue] | None = None,
    ignore_case: bool = False,
    wildcards: bool = True,
) -> bool:
    """Whether all of `value` matches `pattern`: `*`, `?` and, given `keys`, `${variable}`.

    A variable's value stands for itself, also where it holds a `*`; `${*}`, `${?}` and `${$}` are
    the characters themselves. A variable with neither value nor default matches nothing.
    """
    if keys is not None and "${" in pattern:
        found = _expression(pattern, keys, wildcards=wildcards)
        compiled = None if found is None else _compiled(found, ignore_case)
    else:
        compiled = _constant(pattern, ignore_case, wildcards)
    return compiled is not None and compiled.fullmatch(value) is not None


def arn_matches(pattern: str, arn: str, *, keys: Mapping[str, ContextValue] | None = None) -> bool:
    """Whether an ARN matches, each of its six segments by itself, as AWS documents it.

    A wildcard stays within its segment (the last one holds everything after the fifth colon), and
    a pattern with fewer segments is completed by `*`. "*" alone matches anything.
    """
    if pattern == "*":
        return True
    wanted = _segments(pattern)
    wanted += ["*"] * (_ARN_SEGMENTS - len(wanted))
    found = arn.split(":", _ARN_SEGMENTS - 1)
    return len(found) == _ARN_SEGMENTS and all(
        matches(segment, part, keys=keys) for segment, part in zip(wanted, found, strict=True)
    )


@lru_cache(maxsize=4096)
def _compiled(expression: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=4096)
def _constant(pattern: str, ignore_case: bool, wildcards: bool) -> re.Pattern[str] | None:
    found = _expression(pattern, None, wildcards=wildcards)
    return None if found is None else _compiled(found, ignore_case)


def _expression(
    pattern: str, keys: Mapping[str, ContextValue] | None, *, wildcards: bool
) -> str | None:
    parts: list[str] = []
    position = 0
    for token in _TOKEN.finditer(pattern):
        piece = _wildcard(token[2], wildcards) if token[2] else _variable(token, keys)
        if piece is None:
            return None
        parts += [re.escape(pattern[position : token.start()]), piece]
        position = token.end()
    return "".join([*parts, re.escape(pattern[position:])])


def _wildcard(character: str, wildcards: bool) -> str:
    if not wildcards:
        return re.escape(character)
    return ".*" if character == "*" else "."


def _variable(token: re.Match[str], keys: Mapping[str, ContextValue] | None) -> str | None:
    if keys is None:
        return re.escape(token[0])
    if token[1] in ("*", "?", "$"):
        return re.escape(token[1])
    match = _VARIABLE.fullmatch(token[1])
    value = None if match is None else keys.get(match[1].lower(), match[2])
    return re.escape(value) if isinstance(value, str) else None


def _segments(pattern: str) -> list[str]:
    """The pattern's segments; a colon within `${…}` divides nothing."""
    held = re.sub(r"\$\{[^}]*\}", lambda variable: variable[0].replace(":", "\0"), pattern)
    return [part.replace("\0", ":") for part in held.split(":", _ARN_SEGMENTS - 1)]
