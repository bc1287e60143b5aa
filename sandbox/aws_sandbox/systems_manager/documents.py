"""Documents of moto's Systems Manager: found, checked when they are written, listed."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, cast

import moto.ssm.urls
import yaml
from moto.ssm.exceptions import InvalidDocument, InvalidResourceId
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend, ssm_backends

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.systems_manager.api import SsmCall, SsmError, page
from aws_sandbox.systems_manager.command_documents import read_command_document
from aws_sandbox.systems_manager.parameters import DocumentError, UnsupportedError
from aws_sandbox.systems_manager.references import names_in
from aws_sandbox.systems_manager.runbooks import read_runbook

READERS: Mapping[str, Callable[[Any], object]] = {
    "Automation": read_runbook,
    "Command": read_command_document,
}
"""What reads, and so checks, the content of each type of document."""


def name_of(document: str) -> str:
    """A document's name, from that or from its ARN."""
    return document.rpartition("/")[2]


def check_content(content: str, document_type: str, document_format: str) -> None:
    """As CreateDocument and UpdateDocument refuse content that is none of its type."""
    reader = READERS.get(document_type)
    if reader is None:
        raise not_carried_out(f"documents of the type {document_type}")
    try:
        parsed = json.loads(content) if document_format == "JSON" else yaml.safe_load(content)
        reader(parsed)
    except UnsupportedError as error:
        raise not_carried_out(str(error)) from error
    except (DocumentError, ValueError, yaml.YAMLError) as error:
        raise SsmError("InvalidDocumentContent", str(error)) from error


class SandboxSsmBackend(SimpleSystemManagerBackend):
    """moto's backend, whose documents can be reached."""

    @property
    def _url_module(self) -> ModuleType:
        return moto.ssm.urls

    @property
    def all_documents(self) -> Mapping[str, Documents]:
        return self._documents

    def documents_of(self, name: str) -> Documents:
        """A document's versions; moto's InvalidDocument when there is none of this name."""
        return self._get_documents(name_of(name))


def documents_of(call: SsmCall, name: str) -> Documents:
    """A document's versions in the call's account and Region."""
    return cast("SandboxSsmBackend", call.backend).documents_of(name)


def find_document(call: SsmCall, name: str, version: str = "") -> Document | None:
    """A version of a document, by default the default one; None when there is none."""
    try:
        return documents_of(call, name).find(version or None)
    except InvalidDocument:
        return None


def _number(document: Document) -> int:
    return int(document.document_version)


def list_versions(call: SsmCall) -> Mapping[str, Any]:
    """ListDocumentVersions."""
    call.know("Name", "MaxResults", "NextToken")
    documents = documents_of(call, call.params["Name"])
    newest_first = sorted(documents.versions.values(), key=_number, reverse=True)
    return page(
        call,
        "DocumentVersions",
        [
            {
                "Name": each.name,
                "DocumentVersion": each.document_version,
                "CreatedDate": each.created_date,
                "IsDefaultVersion": each.document_version == documents.default_version,
                "DocumentFormat": each.document_format,
                "Status": each.status,
                **({"VersionName": each.version_name} if each.version_name else {}),
            }
            for each in newest_first
        ],
    )


def list_documents(call: SsmCall) -> Mapping[str, Any]:
    """ListDocuments, of the account's own documents."""
    call.know("Filters", "MaxResults", "NextToken")
    found: list[Mapping[str, Any]] = []
    for name, documents in sorted(cast("SandboxSsmBackend", call.backend).all_documents.items()):
        document = documents.get_default_version()
        tags = document_tags(call.account, call.region, name)
        if all(_passes(document, tags, each) for each in call.params.get("Filters") or ()):
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            found.append(document.list_describe(listed))
    return page(call, "DocumentIdentifiers", found)


def _passes(document: Document, tags: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    key, values = str(wanted["Key"]), wanted["Values"]
    if key.startswith("tag:"):
        return tags.get(key.removeprefix("tag:")) in values
    match key:
        case "Name":
            return any(document.name.startswith(value) for value in values)
        case "DocumentType":
            return document.document_type in values
        case "Owner" if set(values) <= {"Self", document.owner}:
            return True
        case _:
            raise not_carried_out(f"the filter {key} of ListDocuments for {', '.join(values)}")


def assumed_role(account: str, region: str, params: Mapping[str, Any]) -> str:
    """The role that StartAutomationExecution would start a runbook with; "" where there is none."""
    backend = cast("SandboxSsmBackend", ssm_backends[account][region])
    given: Mapping[str, Sequence[str]] = params.get("Parameters") or {}
    try:
        version = params.get("DocumentVersion")
        document = backend.documents_of(str(params["DocumentName"])).find(version)
        runbook = read_runbook(document.content_json)
    except (InvalidDocument, ValueError):
        return ""  # the operation says what is wrong
    named = set(names_in(runbook.assume_role))
    values = {
        name: (given.get(name) or [parameter.default or ""])[0]
        for name, parameter in runbook.parameters.items()
        if name in named
    }
    return runbook.role_of(values)


def document_tags(account: str, region: str, document: str) -> Mapping[str, str]:
    """The tags of a document by name or ARN; none of one that is not there, or is AWS's own."""
    backend = ssm_backends[account][region]
    try:
        return backend.list_tags_for_resource("Document", name_of(document))
    except InvalidResourceId:
        return {}
