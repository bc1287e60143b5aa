"""DynamoDB, Secrets Manager, KMS and Systems Manager."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from moto.backends import get_backend
from moto.secretsmanager.models import FakeSecret

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.keys import find_key
from aws_sandbox.aws.permissions.needs import Mapper, Need, Request, anywhere
from aws_sandbox.iam.requests import ContextValue

_TABLE_ACTIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "DescribeTable")
_INDEXED_ACTIONS = ("Query", "Scan")
_KMS_KEY_ID_LENGTH = 36


def _table(request: Request, name: str) -> str:
    return name if name.startswith("arn:") else request.arn(f"table/{name}")


def _on_table(action: str, request: Request) -> Iterator[Need]:
    arn = _table(request, request.text("TableName"))
    index = request.text("IndexName")
    yield Need(action=action, resource=f"{arn}/index/{index}" if index else arn)


def _on_tables(action: str, request: Request) -> Iterator[Need]:
    """The batch calls name their tables as keys."""
    tables: Mapping[str, Any] = request.call.params["RequestItems"]
    for name in tables:
        yield Need(action=action, resource=_table(request, name))


def _transaction(request: Request) -> Iterator[Need]:
    """Each part needs what the single call needs (`Put` → `dynamodb:PutItem`)."""
    parts: Sequence[Mapping[str, Mapping[str, Any]]] = request.call.params["TransactItems"]
    for part in parts:
        for kind, item in part.items():
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield Need(
                action=f"dynamodb:{action}", resource=_table(request, str(item["TableName"]))
            )


def _on_secret(action: str, request: Request) -> Iterator[Need]:
    """A secret by ARN, part of an ARN, or name; IAM sees its whole ARN with the random suffix."""
    named = request.text("SecretId")
    at = Arn.parse(named if named.startswith("arn:") else request.arn("secret"))
    found = get_backend("secretsmanager")[at.account][at.region].secrets.get(named)
    if isinstance(found, FakeSecret):
        yield Need(action=action, resource=found.arn)
    else:
        yield Need(action=action, resource=request.named_arn("SecretId", "secret:"))


def _on_key(action: str, request: Request) -> Iterator[Need]:
    """A key by id, alias or ARN; Decrypt may leave it to the ciphertext."""
    named = request.text("KeyId") or _key_of(request.call.params.get("CiphertextBlob"))
    key = find_key(named, Arn.parse(request.arn("key")))
    context: dict[str, ContextValue] = {"kms:CallerAccount": request.account}
    encryption: Mapping[str, str] = request.call.params.get("EncryptionContext") or {}
    context |= {f"kms:EncryptionContext:{name}": value for name, value in encryption.items()}
    if encryption:
        context["kms:EncryptionContextKeys"] = list(encryption)
    yield Need(action=action, resource=key.arn if key else request.arn("key/"), context=context)


def _key_of(ciphertext: object) -> str:
    """Moto's ciphertexts begin with the id of their key."""
    return ciphertext[:_KMS_KEY_ID_LENGTH].decode() if isinstance(ciphertext, bytes) else ""


def _on_parameters(action: str, request: Request) -> Iterator[Need]:
    names: Sequence[str] = request.call.params.get("Names") or [
        request.text("Name") or request.text("Path")
    ]
    for name in names:
        arn = name if name.startswith("arn:") else request.arn(f"parameter/{name.lstrip('/')}")
        yield Need(action=action, resource=arn)


def _start_automation(request: Request) -> Iterator[Need]:
    document = request.text("DocumentName")
    version = request.text("DocumentVersion") or "$DEFAULT"
    name = document.rpartition("/")[2]
    owner = Arn.parse(document).account if document.startswith("arn:") else request.account
    arn = f"arn:aws:ssm:{request.call.region}:{owner}:automation-definition/{name}:{version}"
    yield Need(action="ssm:StartAutomationExecution", resource=arn)


def _on_automation(action: str, request: Request) -> Iterator[Need]:
    execution = request.text("AutomationExecutionId")
    yield Need(action=action, resource=request.arn(f"automation-execution/{execution}"))


MAPPERS: Mapping[str, Mapper] = {
    **{f"dynamodb:{name}": partial(_on_table, f"dynamodb:{name}") for name in _TABLE_ACTIONS},
    **{f"dynamodb:{name}": partial(_on_table, f"dynamodb:{name}") for name in _INDEXED_ACTIONS},
    "dynamodb:BatchGetItem": partial(_on_tables, "dynamodb:BatchGetItem"),
    "dynamodb:BatchWriteItem": partial(_on_tables, "dynamodb:BatchWriteItem"),
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:TransactWriteItems": _transaction,
    "secretsmanager:GetSecretValue": partial(_on_secret, "secretsmanager:GetSecretValue"),
    "secretsmanager:DescribeSecret": partial(_on_secret, "secretsmanager:DescribeSecret"),
    **{
        f"kms:{name}": partial(_on_key, f"kms:{name}")
        for name in ("Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey")
    },
    "ssm:GetParameter": partial(_on_parameters, "ssm:GetParameter"),
    "ssm:GetParameters": partial(_on_parameters, "ssm:GetParameters"),
    "ssm:GetParametersByPath": partial(_on_parameters, "ssm:GetParametersByPath"),
    "ssm:StartAutomationExecution": _start_automation,
    "ssm:GetAutomationExecution": partial(_on_automation, "ssm:GetAutomationExecution"),
    "ssm:DescribeAutomationExecutions": anywhere("ssm:DescribeAutomationExecutions"),
}
