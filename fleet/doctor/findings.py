"""What the doctor found: one thing looked at, or that could not be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

AwsError = BotoCoreError | ClientError

_REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


class State(StrEnum):
    """How what was looked at is."""

    FINE = "fine"
    NOT_YET = "not yet"
    """It comes with a deployment, or in some hours: nothing is wrong."""
    BY_HAND = "by hand"
    """No look tells whether it is well: a person, or another account, must see to it."""
    CURE = "cure"
    """It is wrong, and there is a cure."""
    UNSEEN = "unseen"
    """AWS gave no answer to this one look."""
    FAILED = "failed"
    """Nothing of the stack was looked at, or not all."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one look found."""

    found: str
    state: State = State.FINE
    cure: str = ""
    """What to do, in words; empty where all is well, or the command says all."""
    run: Sequence[str] = ()
    """Commands of the cure, one after another: as they are, they act where they should."""


@dataclass(frozen=True, kw_only=True)
class Finding(Answer):
    about: str
    """What was looked at."""


def ill(found: str, cure: str = "", *run: str) -> Answer:
    return Answer(found=found, state=State.CURE, cure=cure, run=run)


def not_yet(found: str, cure: str = "", *run: str) -> Answer:
    return Answer(found=found, state=State.NOT_YET, cure=cure, run=run)


def by_hand(found: str, cure: str = "", *run: str) -> Answer:
    return Answer(found=found, state=State.BY_HAND, cure=cure, run=run)


def finding(about: str, answer: Answer | str) -> Finding:
    """A text alone: all is well."""
    given = Answer(found=answer) if isinstance(answer, str) else answer
    return Finding(about=about, **dataclasses.asdict(given))


def failed(about: str, found: str, cure: str) -> Finding:
    """Of what was not looked at, as settings or the way in are wrong."""
    return Finding(about=about, found=found, state=State.FAILED, cure=cure)


def looked_up(about: str, look: Callable[[], Answer | str]) -> Finding:
    """What a look finds; that AWS gives no answer is a finding too."""
    try:
        return finding(about, look())
    except (BotoCoreError, ClientError) as error:
        return unanswered(about, error)


def unanswered(about: str, error: AwsError) -> Finding:
    if isinstance(error, ClientError) and code(error) in _REFUSED:
        cure = f"let the role that deploys here call {error.operation_name} (docs/deploy-role.md)"
    else:
        cure = "see to what AWS says, and ask again"
    return Finding(
        about=about, found=f"cannot be looked up: {error}", state=State.UNSEEN, cure=cure
    )


def code(error: ClientError) -> str:
    """AWS's own, such as AccessDenied; of a HEAD it is HTTP's."""
    return error.response.get("Error", {}).get("Code", "")
