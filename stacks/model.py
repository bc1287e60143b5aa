"""What all models of settings have in common."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    refused: ClassVar[Mapping[str, str]] = {}
    """What might be looked for here, and why it is not to be had."""
