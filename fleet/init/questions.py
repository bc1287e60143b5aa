"""Questions on a terminal, each of which a flag answers as well."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from fleet.terminal import asks

Check = Callable[[str], str]
"""Gives back what it is given, or raises ValueError with what is wrong."""


class Questions:
    """Asks what no flag has answered. Where nobody can be asked, the default is meant, and what has
    none is missing."""

    def __init__(self) -> None:
        self.asks = asks()
        self._missing: list[str] = []

    def one(
        self, flag: str, given: str | None, text: str, check: Check, *, default: str | None = None
    ) -> str:
        """An answer; an empty default lets it be left out, and the answer is empty then."""

        def checked(answer: str) -> str:
            return _checked(flag, answer.strip(), check, may_be_none=default == "")

        if given is not None:
            return checked(given)
        if self.asks:
            shown = bool(default)
            text = text if default != "" else f"{text} (Enter: none)"
            return typer.prompt(
                text, default=default, show_default=shown, value_proc=checked, err=True
            )
        if default is None:
            self._missing.append(flag)
        return default or ""

    def flag(self, flag: str, given: str | None, check: Check) -> str:
        """What is not asked for, and may be given; empty where it is not."""
        return "" if given is None else _checked(flag, given, check, may_be_none=True)

    def several(
        self,
        flag: str,
        given: Sequence[str],
        text: str,
        check: Check,
        *,
        default: str | None = None,
    ) -> list[str]:
        """Answers with spaces or commas between them."""

        def each(answer: str) -> str:
            return " ".join(map(check, answer.replace(",", " ").split()))

        return self.one(flag, " ".join(given) or None, text, each, default=default).split()

    def yes(self, given: bool | None, text: str, *, default: bool) -> bool:
        if given is None and self.asks:
            return typer.confirm(text, default=default, err=True)
        return default if given is None else given

    def end(self) -> None:
        """Raises BadParameter with every flag that is missing."""
        if self._missing:
            raise typer.BadParameter(f"there is nobody to ask here: say {', '.join(self._missing)}")


def of_type(type_: Any) -> Check:
    """Whether settings would take it."""
    return TypeAdapter[str](type_).validate_python


def one_of(known: Collection[str], what: str) -> Check:
    def check(value: str) -> str:
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1)
            cure = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise ValueError(f"{value!r} is no {what}; {cure}")
        return value

    return check


def _checked(flag: str, answer: str, check: Check, *, may_be_none: bool) -> str:
    """Raises BadParameter, upon which a question is asked again."""
    if not answer and may_be_none:
        return ""
    try:
        return check(answer)
    except ValueError as error:
        raise typer.BadParameter(_said(error), param_hint=flag) from error


def _said(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False)[0]
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    return str(error)
