"""One stack of one customer: its settings choose the role's program, whose contracts it exports."""

from components.policy_demands import PolicyDemands, PolicyDemandsArgs
from stacks import audit, load, management, member
from stacks.contracts import publish
from stacks.settings import AuditSettings, ManagementSettings

settings = load.from_config()
PolicyDemands("policies", PolicyDemandsArgs(vault_key=settings.policy.vault_key))
if isinstance(settings, ManagementSettings):
    contracts = management.deploy(settings)
elif isinstance(settings, AuditSettings):
    contracts = audit.deploy(settings)
else:
    contracts = member.deploy(settings)
publish(*contracts)
