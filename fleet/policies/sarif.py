"""Violations as SARIF 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from fleet.policies import pages
from fleet.policies.checking import Violation
from policies.rule import Rule
from policies.rules import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SECURITY_SEVERITY: Mapping[str, str] = {
    "critical": "9.5",
    "high": "8.0",
    "medium": "5.5",
    "low": "2.0",
}
"""As GitHub has the bounds: over 9.0 is critical, 7.0 high, 4.0 medium."""
_FINGERPRINT = "ruleResourceMessage/v1"


def sarif_log(found: Sequence[Violation]) -> dict[str, Any]:
    """One run, with every rule, whether violated or not."""
    positions = {name: position for position, name in enumerate(RULES)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "backup-org policies",
                        "rules": [_rule(rule) for rule in RULES.values()],
                    }
                },
                "results": [_result(one, positions[one.rule.name]) for one in found],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    """What helps is the rule's page; for a reader that wants an address, who asks for it first."""
    page = pages.page(rule)
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.sentence},
        "fullDescription": {"text": rule.description},
        "helpUri": rule.citations[0].url,
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _level(rule.levels["baseline"] == "mandatory")},
        "properties": {
            "tags": ["security", rule.theme],
            "precision": "very-high",
            "security-severity": _SECURITY_SEVERITY[rule.severity],
        },
    }


def _result(violation: Violation, position: int) -> dict[str, Any]:
    resource, message = violation.resource, violation.message
    of_what = "\n".join((violation.rule.name, resource.urn, message))
    return {
        "ruleId": violation.rule.name,
        "ruleIndex": position,
        "level": _level(violation.mandatory),
        "message": {"text": f"{violation.stack.name}: {resource.name}: {message}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": violation.stack.file},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {
                        "name": resource.name,
                        "fullyQualifiedName": resource.urn,
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {_FINGERPRINT: hashlib.sha256(of_what.encode()).hexdigest()},
    }


def _level(mandatory: bool) -> str:
    return "error" if mandatory else "warning"
