"""KMS signs digests, as those do whose message is longer than it takes."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_der_public_key

ALGORITHM = "ECDSA_SHA_384"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def worker(aws: Any, *actions: str) -> str:
    """A role of the member's that may do these actions."""
    return aws.role(trusts=LAMBDA, allows={"Action": list(actions), "Resource": "*"})


@pytest.fixture
def key(aws: Any) -> str:
    made = aws.client("kms").create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")
    return made["KeyMetadata"]["Arn"]


def test_a_digest_is_signed_as_its_message_is(aws: Any, key: str) -> None:
    kms, message = aws.client("kms"), b"x" * 5000
    told = kms.get_public_key(KeyId=key)
    assert told["KeyId"] == key
    public = load_der_public_key(told["PublicKey"])
    assert isinstance(public, EllipticCurvePublicKey)
    digest = hashlib.sha384(message).digest()
    of_digest = kms.sign(
        KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=ALGORITHM
    )
    public.verify(of_digest["Signature"], message, ECDSA(SHA384()))
    of_message = kms.sign(KeyId=key, Message=message[:4096], SigningAlgorithm=ALGORITHM)
    public.verify(of_message["Signature"], message[:4096], ECDSA(SHA384()))


@pytest.mark.parametrize(
    "asked",
    [
        {"Message": b"x" * 47, "MessageType": "DIGEST"},
        {"Message": b"x" * 48, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"},
    ],
)
def test_a_digest_that_is_none_of_the_algorithm_is_refused(
    aws: Any, key: str, refusal: Any, asked: dict[str, Any]
) -> None:
    kms, whole = aws.client("kms"), {"SigningAlgorithm": ALGORITHM, **asked}
    assert refusal(lambda: kms.sign(KeyId=key, **whole))[0] == "ValidationException"


def test_the_keys_own_policy_says_who_signs(aws: Any, refusal: Any) -> None:
    signer, other = worker(aws, "kms:Sign"), worker(aws, "kms:Sign", "kms:GetPublicKey")
    root = {"AWS": "arn:aws:iam::333333333333:root"}
    policy = aws.policy(
        {"Principal": root, "Action": ["kms:Get*", "kms:PutKeyPolicy"], "Resource": "*"},
        {
            "Principal": root,
            "Action": "kms:Sign",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": signer}},
        },
    )
    key = aws.client("kms").create_key(
        KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY", Policy=policy
    )["KeyMetadata"]["Arn"]
    asked = {"KeyId": key, "Message": b"x", "SigningAlgorithm": ALGORITHM}
    assert aws.acting(signer, "kms").sign(**asked)["KeyId"] == key
    theirs = aws.acting(other, "kms")
    assert refusal(lambda: theirs.sign(**asked))[0] == "AccessDeniedException"
    assert theirs.get_public_key(KeyId=key)["KeyUsage"] == "SIGN_VERIFY"
