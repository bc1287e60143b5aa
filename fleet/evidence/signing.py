"""The key of a customer's central account that signs evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from fleet.errors import ToldError
from fleet.evidence.manifest import ALGORITHM, Key
from fleet.evidence.verification import fingerprint_of

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class NotSigned(ToldError):
    """KMS gave no key or no signature; says why."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    kms: KMSClient
    key: Key
    pem: bytes
    """The public key."""

    def signature(self, message: bytes) -> bytes:
        """In DER. KMS takes 4 KB, so it is given the message's digest. Raises NotSigned."""
        try:
            answer = self.kms.sign(
                KeyId=self.key.arn,
                Message=hashlib.sha384(message).digest(),
                MessageType="DIGEST",
                SigningAlgorithm=ALGORITHM,
            )
        except (BotoCoreError, ClientError) as error:
            raise NotSigned(f"{self.key.arn} does not sign: {error}") from error
        return answer["Signature"]


def signing_key(kms: KMSClient, alias: str) -> SigningKey:
    """Raises NotSigned."""
    try:
        answer = kms.get_public_key(KeyId=alias)
    except (BotoCoreError, ClientError) as error:
        raise NotSigned(
            f"{alias} cannot be read: {error}; deploy the stack that has `evidence`, and let its "
            "deploy role use the key: docs/evidence.md"
        ) from error
    # The stack makes it on P-384.
    public = cast(EllipticCurvePublicKey, load_der_public_key(answer["PublicKey"]))
    return SigningKey(
        kms=kms,
        key=Key(arn=answer["KeyId"], algorithm=ALGORITHM, fingerprint=fingerprint_of(public)),
        pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )
