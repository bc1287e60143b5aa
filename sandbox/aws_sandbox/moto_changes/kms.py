"""KMS with every AWS managed key (`alias/aws/<service>`), each made when first asked for."""

import threading
from types import ModuleType

import moto.kms.models
import moto.kms.urls
from moto.kms.exceptions import ValidationException
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.utils import AbstractPrivateKey, generate_private_key

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


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(moto.kms.models, "generate_private_key", _private_key)
    replacements.replace(kms_backends, "backend", SandboxKmsBackend)
