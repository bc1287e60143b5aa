"""Pre-signed URLs of S3: still good, and signed with the key that they name.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, quote, unquote, urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.request import Request

from aws_sandbox.aws.api_calls import AwsError, Signature

_PARAMETERS = ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires")
_WEEK_SECONDS = 604_800
_SKEW = timedelta(minutes=15)
"""How far ahead of S3's a signer's clock may be."""
_UNRESERVED = "-_.~"


def check_life(request: Request, signature: Signature, age: timedelta) -> None:
    """Raises AwsError for a URL that S3 cannot read, or that is not good yet or any more."""
    absent = [name for name in _PARAMETERS if f"X-Amz-{name}" not in request.args]
    if absent or signature.signed is None:
        listed = ", ".join(f"X-Amz-{name}" for name in _PARAMETERS[:-1])
        raise _unreadable(
            f"Query-string authentication version 4 requires the {listed}, and X-Amz-Expires "
            "parameters."
        )
    seconds = _seconds(request.args["X-Amz-Expires"])
    if age < -_SKEW:
        raise AwsError("AccessDenied", "Request is not yet valid", 403)
    if age > timedelta(seconds=seconds):
        raise AwsError(
            "AccessDenied",
            "Request has expired",
            403,
            details={
                "X-Amz-Expires": str(seconds),
                "Expires": f"{signature.signed + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
                "ServerTime": f"{signature.signed + age:%Y-%m-%dT%H:%M:%SZ}",
            },
        )


def _seconds(text: str) -> int:
    if not text.removeprefix("-").isdecimal():
        raise _unreadable("X-Amz-Expires should be a number")
    if text.startswith("-"):
        raise _unreadable("X-Amz-Expires must be non-negative")
    if int(text) > _WEEK_SECONDS:
        raise _unreadable(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            f"must be less than {_WEEK_SECONDS} seconds"
        )
    return int(text)


def _unreadable(message: str) -> AwsError:
    return AwsError("AuthorizationQueryParametersError", message)


def check_signature(request: Request, signature: Signature, secret_access_key: str) -> None:
    """Raises AwsError unless the request, as far as it is signed, is the one that was signed."""
    given = request.args["X-Amz-Signature"]
    path, _, query = request.environ["REQUEST_URI"].partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    signed = [(name, value) for name, value in pairs if name != "X-Amz-Signature"]
    again = urlencode(signed, quote_via=quote, safe=_UNRESERVED)
    names = request.args["X-Amz-SignedHeaders"].split(";")
    copy = AWSRequest(
        method=request.method,
        url=f"{request.host_url.rstrip('/')}{quote(unquote(path), safe=f'/{_UNRESERVED}')}?{again}",
        headers={name: request.headers.get(name, "") for name in names},
    )
    copy.context["timestamp"] = request.args["X-Amz-Date"]
    signer = S3SigV4QueryAuth(
        Credentials(signature.access_key_id, secret_access_key), "s3", signature.region
    )
    text = signer.string_to_sign(copy, signer.canonical_request(copy))
    if not hmac.compare_digest(signer.signature(text, copy), given):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check "
            "your key and signing method.",
            403,
            details={
                "AWSAccessKeyId": signature.access_key_id,
                "StringToSign": text,
                "SignatureProvided": given,
            },
        )
