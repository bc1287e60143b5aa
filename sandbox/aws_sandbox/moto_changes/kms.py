"""KMS with every AWS managed key (`alias/aws/<service>`), each made when first asked for, and
signatures of digests."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import moto.kms.models
import moto.kms.urls
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA384
from moto.kms.exceptions import ValidationException
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import AbstractPrivateKey, ECDSAPrivateKey, generate_private_key

from aws_sandbox.moto_changes.replacements import Replacements

AWS_MANAGED = "alias/aws/"
_making = threading.Lock()
"""Two requests at once would make two keys for one alias."""


class SandboxKmsBackend(KmsBackend):
    """Moto's KMS knows the managed keys of some services, and calls them the customer's."""

    @property
    def _url_module(self) -> ModuleType:
        return moto.kms.urls

    def get_key_id_from_alias(self, alias_name: str) -> str | None:
        with _making:
            keys = list(self.keys.values())
            found = next((key.id for key in keys if alias_name in key.aliases), None)
            if found is None and alias_name.startswith(AWS_MANAGED):
                found = self._create_managed_key(alias_name)
        return found

    def alias_exists(self, alias_name: str) -> bool:
        return self.get_key_id_from_alias(alias_name) is not None

    def _create_managed_key(self, alias_name: str) -> str:
        service = alias_name.removeprefix(AWS_MANAGED)
        key = self.create_key(
            None,
            "ENCRYPT_DECRYPT",
            "SYMMETRIC_DEFAULT",
            f"Default key that protects my {service} data when no other key is defined",
            None,
        )
        key.key_manager = "AWS"
        self.create_alias(key.id, alias_name)
        return key.id


class _NoPrivateKey(AbstractPrivateKey):
    """A symmetric key's: moto would make an RSA key for each, which takes longest of all."""

    def sign(self, message: bytes, signing_algorithm: str) -> bytes:  # noqa: ARG002
        raise ValidationException("A symmetric key signs nothing.")

    def verify(self, message: bytes, signature: bytes, signing_algorithm: str) -> bool:  # noqa: ARG002
        raise ValidationException("A symmetric key verifies nothing.")

    def public_key(self) -> bytes:
        raise ValidationException("A symmetric key has no public key.")


def _private_key(key_spec: str) -> AbstractPrivateKey:
    symmetric = key_spec in ("SYMMETRIC_DEFAULT", "SM4")
    return _NoPrivateKey() if symmetric else generate_private_key(key_spec)


def _signing_digests(signs_messages: Callable[[KmsResponse], str]) -> Callable[[KmsResponse], str]:
    """Moto takes a digest for a message, and signs the digest of it."""

    def sign(response: KmsResponse) -> str:
        params: dict[str, Any] = json.loads(response.body)
        message = base64.b64decode(params["Message"])
        if params.get("MessageType", "RAW") == "RAW":
            if len(message) > 4096:
                raise ValidationException("A message has 4096 bytes at most; sign its digest.")
            return signs_messages(response)
        algorithm = params["SigningAlgorithm"]
        key = response.kms_backend.describe_key(params["KeyId"])
        if not isinstance(key.private_key, ECDSAPrivateKey) or algorithm != "ECDSA_SHA_384":
            raise ValidationException("The sandbox signs digests by ECDSA_SHA_384 alone.")
        if algorithm not in key.signing_algorithms:
            raise ValidationException(f"{algorithm} is incompatible with key spec {key.key_spec}.")
        if len(message) != hashlib.sha384().digest_size:
            raise ValidationException(f"Digest is invalid length for algorithm {algorithm}.")
        signature = key.private_key.private_key.sign(message, ECDSA(Prehashed(SHA384())))
        told = {"KeyId": key.arn, "SigningAlgorithm": algorithm}
        return json.dumps({**told, "Signature": base64.b64encode(signature).decode()})

    return sign


def _naming_keys_by_arn(told: Callable[[KmsResponse], str]) -> Callable[[KmsResponse], str]:
    """As AWS does; moto gives the id."""

    def get_public_key(response: KmsResponse) -> str:
        answer: dict[str, Any] = json.loads(told(response))
        return json.dumps(
            answer | {"KeyId": response.kms_backend.describe_key(answer["KeyId"]).arn}
        )

    return get_public_key


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(moto.kms.models, "generate_private_key", _private_key)
    replacements.replace(kms_backends, "backend", SandboxKmsBackend)
    replacements.wrap(KmsResponse, "sign", _signing_digests)
    replacements.wrap(KmsResponse, "get_public_key", _naming_keys_by_arn)
