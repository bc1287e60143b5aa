"""What a workgroup's configuration makes of a query, and its changes (UpdateWorkGroup)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
_NO_OUTPUT = (
    "No output location provided. You did not provide an output location for  your query results. "
    "Either specify an S3 bucket location or enable Athena managed query results in your "
    "workgroup settings."
)
_IGNORED = {"PublishCloudWatchMetricsEnabled", "RequesterPaysEnabled", "AdditionalConfiguration"}
"""Settings without an effect on what a query gives here."""
_KNOWN = {
    "ResultConfiguration",
    "EnforceWorkGroupConfiguration",
    "BytesScannedCutoffPerQuery",
    "EngineVersion",
    "EnableMinimumEncryptionConfiguration",
    *_IGNORED,
}
_RESULT_SETTINGS = (
    "OutputLocation",
    "EncryptionConfiguration",
    "ExpectedBucketOwner",
    "AclConfiguration",
)


class InvalidRequestError(Exception):
    """What Athena refuses at once, as InvalidRequestException; `code` is its AthenaErrorCode."""

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The settings that hold for one query."""

    results: Mapping[str, Any]
    """The ResultConfiguration, with an OutputLocation that ends with a slash."""
    bytes_limit: int | None

    def put_arguments(self) -> dict[str, Any]:
        """Encryption, owner and ACL of the result files, as PutObject takes them."""
        arguments: dict[str, Any] = {}
        encryption = self.results.get("EncryptionConfiguration", {})
        match encryption.get("EncryptionOption"):
            case None:
                pass
            case "SSE_S3":
                arguments["ServerSideEncryption"] = "AES256"
            case "SSE_KMS":
                arguments["ServerSideEncryption"] = "aws:kms"
                arguments["SSEKMSKeyId"] = encryption["KmsKey"]
            case other:
                raise InvalidRequestError(f"the sandbox writes no results with {other}")
        if owner := self.results.get("ExpectedBucketOwner"):
            arguments["ExpectedBucketOwner"] = owner
        if "AclConfiguration" in self.results:
            arguments["ACL"] = "bucket-owner-full-control"
        return arguments


def terms(configuration: Mapping[str, Any], asked: Mapping[str, Any]) -> Terms:
    """A workgroup's settings with the client's; an enforcing workgroup's own count alone."""
    if unknown := sorted(
        name for name, value in configuration.items() if value and name not in _KNOWN
    ):
        raise InvalidRequestError(f"the sandbox does not know {unknown[0]} of a workgroup")
    own: Mapping[str, Any] = configuration.get("ResultConfiguration") or {}
    enforced = configuration.get("EnforceWorkGroupConfiguration", True)
    results = dict(own) if enforced else {**own, **asked}
    location = str(results.get("OutputLocation") or "")
    if not location:
        raise InvalidRequestError(_NO_OUTPUT)
    if not location.startswith("s3://") or not location.removeprefix("s3://").strip("/"):
        raise InvalidRequestError("outputLocation is not a valid S3 path.")
    results["OutputLocation"] = f"{location.rstrip('/')}/"
    if configuration.get("EnableMinimumEncryptionConfiguration") and not results.get(
        "EncryptionConfiguration"
    ):
        raise InvalidRequestError("the workgroup demands that results are encrypted")
    made = Terms(
        results=results, bytes_limit=configuration.get("BytesScannedCutoffPerQuery") or None
    )
    made.put_arguments()
    return made


def updated(configuration: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration after UpdateWorkGroup's ConfigurationUpdates."""
    changed = dict(configuration)
    for name, value in updates.items():
        if name == "ResultConfigurationUpdates":
            changed["ResultConfiguration"] = _updated_results(
                changed.get("ResultConfiguration") or {}, value
            )
        elif name == "RemoveBytesScannedCutoffPerQuery":
            if value:
                changed.pop("BytesScannedCutoffPerQuery", None)
        elif name == "EngineVersion":
            changed[name] = {
                **ENGINE,
                **value,
                "EffectiveEngineVersion": ENGINE["EffectiveEngineVersion"],
            }
        elif name in _KNOWN:
            changed[name] = value
        else:
            raise InvalidRequestError(f"the sandbox does not know the update {name} of a workgroup")
    return changed


def _updated_results(results: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    changed = dict(results)
    for name in _RESULT_SETTINGS:
        if updates.get(f"Remove{name}"):
            changed.pop(name, None)
        if name in updates:
            changed[name] = updates[name]
    return changed
