"""Rules about keys."""

from __future__ import annotations

from typing import Any

from policies.resource_types import KEY, KEYS
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource


def key(**props: Any) -> Resource:
    return resource(KEY, "key", **props)


EXTERNAL, REPLICA = KEYS[1:3]

CASES = [
    Case(rule="key_rotates", what="one that does", resources=[key(enableKeyRotation=True)]),
    Case(
        rule="key_rotates",
        what="one that rotates more often than yearly",
        resources=[key(enableKeyRotation=True, rotationPeriodInDays=90.0)],
    ),
    Case(
        rule="key_rotates",
        what="one that rotates every seven years",
        resources=[key(enableKeyRotation=True, rotationPeriodInDays=2560.0)],
        says="every 2560 days; set rotationPeriodInDays to at most 365",
    ),
    Case(
        rule="key_rotates",
        what="one that does not",
        resources=[key()],
        says="the key key does not rotate; set enableKeyRotation",
    ),
    Case(
        rule="key_rotates",
        what="an asymmetric one, which cannot",
        resources=[key(customerMasterKeySpec="ECC_NIST_P384", keyUsage="SIGN_VERIFY")],
    ),
    Case(
        rule="key_rotates",
        what="one whose kind is written out",
        resources=[key(customerMasterKeySpec="SYMMETRIC_DEFAULT")],
        says="set enableKeyRotation",
    ),
    Case(
        rule="key_rotates",
        what="one in a key store of its own, which cannot",
        resources=[key(customKeyStoreId="cks-1")],
    ),
    Case(
        rule="key_rotates",
        what="not known yet",
        resources=[key(enableKeyRotation=UNKNOWN)],
    ),
    Case(
        rule="key_is_deleted_late",
        what="the time that AWS gives by itself",
        resources=[key(), key(deletionWindowInDays=30.0)],
    ),
    Case(
        rule="key_is_deleted_late",
        what="a week",
        resources=[key(deletionWindowInDays=7.0)],
        says="gone 7 days after its deletion; set deletionWindowInDays to 30",
    ),
    Case(
        rule="key_is_deleted_late",
        what="a replica's week",
        resources=[resource(REPLICA, "copy", deletionWindowInDays=7)],
        says="the key copy",
    ),
    Case(
        rule="key_is_deleted_late",
        what="a week, where a week is enough",
        resources=[key(deletionWindowInDays=7)],
        config={"min_days": 7},
    ),
    Case(
        rule="key_is_deleted_late",
        what="not known yet",
        resources=[key(deletionWindowInDays=UNKNOWN)],
    ),
    Case(rule="key_is_enabled", what="by itself, and said", resources=[key(), key(isEnabled=True)]),
    Case(
        rule="key_is_enabled",
        what="not",
        resources=[key(isEnabled=False)],
        says="the key key is disabled; set isEnabled",
    ),
    Case(
        rule="key_is_enabled",
        what="a key of imported material is not",
        resources=[resource(EXTERNAL, "imported", enabled=False)],
        says="set enabled",
    ),
    Case(rule="key_is_enabled", what="not known yet", resources=[key(isEnabled=UNKNOWN)]),
]
