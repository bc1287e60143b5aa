"""Rules about keys of AWS KMS, under which recovery points and reports lie."""

from collections.abc import Iterator

from policies.citations import aws_guide, cis, config_rule, nist, security_hub, well_architected
from policies.resource_types import KEY, KEYS
from policies.resources import Resource
from policies.rule import Config, Setting, over_resource


@over_resource(
    KEY,
    severity="medium",
    cites=[
        security_hub("KMS.4"),
        cis("v5.0.0 3.6"),
        nist("SC-12"),
        config_rule("cmk-backing-key-rotation-enabled"),
    ],
    settings={
        "max_rotation_days": Setting(
            what="The longest period of rotation, in days",
            schema={"type": "integer", "minimum": 90, "maximum": 2560},
            default=365,
        )
    },
)
def key_rotates(key: Resource, config: Config) -> Iterator[str]:
    """A key whose material AWS KMS can rotate is rotated, at least once a year.

    What lies under it is not encrypted anew; a key that leaks opens less. Keys that are asymmetric,
    of an HMAC, imported, or in a key store of one's own cannot rotate by themselves.
    """
    if not _can_rotate(key):
        return
    if key.get("enableKeyRotation") is not True:
        yield f"the key {key.name} does not rotate; set enableKeyRotation"
    elif (key.get("rotationPeriodInDays") or 365) > config["max_rotation_days"]:
        yield (
            f"the key {key.name} rotates every {key.get('rotationPeriodInDays'):.0f} days; set "
            f"rotationPeriodInDays to at most {config['max_rotation_days']}"
        )


def _can_rotate(key: Resource) -> bool:
    spec = key.get("customerMasterKeySpec")
    return spec in (None, "SYMMETRIC_DEFAULT") and not key.get("customKeyStoreId")


@over_resource(
    *KEYS,
    severity="high",
    cites=[
        security_hub("KMS.3"),
        nist("SC-12"),
        config_rule("kms-cmk-not-scheduled-for-deletion"),
        aws_guide("Delete an AWS KMS key", "kms/latest/developerguide/deleting-keys.html"),
    ],
    settings={
        "min_days": Setting(
            what="The shortest time between a key's deletion and its end, in days",
            schema={"type": "integer", "minimum": 7, "maximum": 30},
            default=30,
        )
    },
)
def key_is_deleted_late(key: Resource, config: Config) -> Iterator[str]:
    """A key that is deleted can be had back for 30 days.

    What lies under a key that is gone is lost: all recovery points of a vault, all its copies.
    """
    days = key.get("deletionWindowInDays")
    if days is not None and days < config["min_days"]:
        yield (
            f"the key {key.name} would be gone {days:.0f} days after its deletion; set "
            f"deletionWindowInDays to {config['min_days']}"
        )


@over_resource(
    *KEYS,
    severity="high",
    cites=[
        nist("SC-12"),
        well_architected("SEC08-BP01"),
        aws_guide("Enable and disable keys", "kms/latest/developerguide/enabling-keys.html"),
    ],
)
def key_is_enabled(key: Resource, _: Config) -> Iterator[str]:
    """A key is enabled.

    Under one that is disabled nothing is backed up, copied or restored.
    """
    for name in ("isEnabled", "enabled"):
        if key.get(name) is False:
            yield f"the key {key.name} is disabled; set {name}"
