"""What a statement works on."""

from dataclasses import dataclass

from aws_sandbox.athena.catalog.glue import GlueCatalog
from aws_sandbox.athena.storage.objects import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The catalog and the objects as the caller may see them."""

    catalog: GlueCatalog
    store: ObjectStore
    database: str
    """What bare names mean a table of; lower case."""
