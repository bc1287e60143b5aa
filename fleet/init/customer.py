"""The files of a new customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fleet.settings_file import FIRST_LINE, as_yaml
from stacks import names
from stacks.load import KEY

MADE_BY_AWS = "OrganizationAccountAccessRole"
"""The role that AWS Organizations makes in an account that it creates; the management account,
which it did not create, has none."""
_AT_HAND = "# the credentials at hand are the management account's"


@dataclass(frozen=True, kw_only=True)
class NewCustomer:
    """What was answered; empty text for none."""

    name: str
    management_account: str
    audit_account: str
    region: str
    profile: str
    deploy_role: str
    external_id: str
    alerts_in: Literal["management", "audit", "member"]
    ticketing: Mapping[str, str]
    """url and secret; empty for no tickets."""
    reports: bool
    regions: Sequence[str]
    plans: Sequence[str]

    def texts(self) -> Mapping[str, str]:
        """Of each file, by the name of its customer or stack."""
        shared = f"{FIRST_LINE}{as_yaml(dict(self._shared()))}"
        central = {"management": self.management_account, "audit": self.audit_account}
        return {self.name: shared} | {
            names.stack_name(self.name, role): stack_text(dict(self._of_stack(role)))
            for role, account in central.items()
            if account
        }

    def _shared(self) -> Iterator[tuple[str, Any]]:
        yield "customer", self.name
        if self.management_account:
            yield "organization", dict(self._organization())
        yield "region", self.region
        if self.profile:
            yield "access", {"profile": self.profile}
        if self.deploy_role:
            yield "deploy_role", self.deploy_role
        if self.external_id:
            yield "deploy_role_external_id", self.external_id
        if self.alerts_in != "audit":
            yield "alerts_in", self.alerts_in
        yield "member_defaults", dict(self._of_members())

    def _organization(self) -> Iterator[tuple[str, str]]:
        yield "management_account", self.management_account
        if self.audit_account:
            yield "audit_account", self.audit_account

    def _of_members(self) -> Iterator[tuple[str, Any]]:
        yield "regions", list(self.regions)
        yield "vaults", {"standard": {}}
        yield "plans", {plan: {} for plan in self.plans}
        yield from self._ticketing("member")

    def _of_stack(self, role: str) -> Iterator[tuple[str, Any]]:
        yield "extends", self.name
        yield "role", role
        if role == "management" and self.deploy_role == MADE_BY_AWS:
            yield "deploy_role", None
        if role == "management" and not self.reports:
            yield "reports", None
        yield from self._ticketing(role)

    def _ticketing(self, role: str) -> Iterator[tuple[str, Any]]:
        if self.ticketing and self.alerts_in == role:
            yield "ticketing", dict(self.ticketing)


def stack_text(values: Mapping[str, Any]) -> str:
    """A stack's file."""
    text = as_yaml({"config": {KEY: values}})
    return FIRST_LINE + text.replace("deploy_role: null\n", f"deploy_role: null {_AT_HAND}\n")
