import json
from typing import Any

import pytest

from aws_sandbox.iam import PolicyDocument, PolicyError

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def statement(**changes: Any) -> dict[str, Any]:
    merged = {**STATEMENT, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (statement(Effect="Permit"), "Effect"),
        (statement(Action=None), "neither Action nor NotAction"),
        (statement(NotAction="s3:*"), "both Action and NotAction"),
        (statement(Action="GetObject"), "is no action"),
        (statement(Resource=None), "neither Resource"),
        (statement(Actions="s3:*"), "unknown element Actions"),
        (statement(Principal={"Federated": "x"}), "Federated"),
        (statement(Principal={"CanonicalUser": "x"}), "CanonicalUser"),
        (statement(Principal={"AWS": "arn:aws:iam::222222222222:role/*"}), "no AWS principal"),
        (statement(Principal={"Service": "events"}), "no service principal"),
        (statement(Principal="222222222222"), "'\\*' or an object"),
        (statement(Principal={}), "names nobody"),
        (statement(Principal="*", NotPrincipal="*"), "both Principal"),
        (statement(Principal="*", Action="sts:AssumeRole"), "has no Resource"),
        (statement(Condition={"Like": {"a": "b"}}), "unknown condition operator"),
        ("text", "is an object"),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(bad: Any, says: str) -> None:
    with pytest.raises(PolicyError, match=f"mine statement 0.*{says}"):
        PolicyDocument.parse("mine", {"Version": "2012-10-17", "Statement": bad})


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "not JSON"),
        ("[]", "is an object"),
        ({"Version": "2020-01-01", "Statement": STATEMENT}, "Version"),
        ({"Statement": STATEMENT, "Comment": "x"}, "unknown element Comment"),
        ({"Statement": [STATEMENT, statement(Principal="*")]}, "some have none"),
        ({"Id": "x"}, "is an object"),
    ],
)
def test_a_document_that_is_none_is_refused(document: Any, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        PolicyDocument.parse("mine", document)


def test_one_statement_may_stand_without_its_list_and_as_text() -> None:
    alone = PolicyDocument.parse("mine", json.dumps({"Statement": STATEMENT}))
    assert len(alone.statements) == 1
    assert not alone.names_principals


def test_a_sid_is_part_of_the_statements_place() -> None:
    document = PolicyDocument.parse("mine", {"Statement": [statement(Sid="Read")]})
    assert document.statements[0].place == "mine statement 0 (Read)"


def test_an_account_is_read_as_its_root() -> None:
    document = PolicyDocument.parse(
        "mine", {"Statement": statement(Principal={"AWS": ["222222222222", "*"]})}
    )
    principals = document.statements[0].principals
    assert principals is not None
    assert principals.names == ("arn:aws:iam::222222222222:root", "*")
