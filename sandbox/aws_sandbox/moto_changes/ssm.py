"""moto's Systems Manager: documents that are checked, Automation and Run Command that run."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from aws_sandbox.aws.context import RequestContext
from aws_sandbox.moto_changes.replacements import Replacements
from aws_sandbox.systems_manager.api import Operation, SsmCall
from aws_sandbox.systems_manager.documents import (
    SandboxSsmBackend,
    check_content,
    list_documents,
    list_versions,
)

OPERATIONS = (
    *("DescribeAutomationExecutions", "DescribeAutomationStepExecutions"),
    *("GetAutomationExecution", "StartAutomationExecution", "StopAutomationExecution"),
    *("CancelCommand", "GetCommandInvocation", "ListCommandInvocations", "ListCommands"),
    *("SendCommand", "DescribeInstanceInformation"),
)
"""What is answered only while there is what carries it out."""
_PLATFORMS = ["Linux", "MacOS", "Windows"]


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(ssm_backends, "backend", SandboxSsmBackend)
    replacements.wrap(SimpleSystemManagerBackend, "create_document", _created)
    replacements.wrap(SimpleSystemManagerBackend, "update_document", _updated)
    replacements.wrap(Document, "__init__", _with_platforms)
    replacements.wrap(Documents, "find", _with_default)
    _answer(replacements, "ListDocuments", list_documents)
    _answer(replacements, "ListDocumentVersions", list_versions)


def install(replacements: Replacements, operations: Mapping[str, Operation]) -> None:
    for name in OPERATIONS:
        _answer(replacements, name, operations[name])


def _answer(replacements: Replacements, name: str, operation: Operation) -> None:
    """By an operation of ours, whether moto has one or not."""

    def answer(self: SimpleSystemManagerResponse) -> ActionResult:
        context = RequestContext.of(self)
        call = SsmCall(
            account=self.current_account,
            region=self.region,
            caller=context.caller,
            services=context.services,
            params=json.loads(self.body or "{}"),
        )
        return ActionResult(operation(call))

    method = camelcase_to_underscores(name)
    known = hasattr(SimpleSystemManagerResponse, method)
    change = replacements.replace if known else replacements.add
    change(SimpleSystemManagerResponse, method, answer)


def _created(create: Callable[..., Documents]) -> Callable[..., Documents]:
    def create_checked(self: SandboxSsmBackend, **given: Any) -> Documents:
        check_content(given["content"], given["document_type"], given["document_format"])
        return create(self, **given)

    return create_checked


def _updated(update: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def update_checked(self: SandboxSsmBackend, **given: Any) -> dict[str, Any]:
        kind = self.documents_of(given["name"]).get_default_version().document_type
        check_content(given["content"], kind, given["document_format"])
        return update(self, **given)

    return update_checked


def _with_platforms(make: Callable[..., None]) -> Callable[..., None]:
    def made(self: Document, *args: Any, **given: Any) -> None:
        make(self, *args, **given)
        self.platform_types = _PLATFORMS

    return made


def _with_default(find: Callable[..., Document]) -> Callable[..., Document]:
    """moto does not know `$DEFAULT`."""

    def find_version(
        self: Documents,
        document_version: str | None = None,
        version_name: str | None = None,
        strict: bool = True,
    ) -> Document:
        version = None if document_version == "$DEFAULT" else document_version
        return find(self, version, version_name, strict)

    return find_version
