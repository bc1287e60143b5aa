"""One stack of one customer: its settings choose the role's program, whose contracts it exports."""

from stacks import audit, load, management, member
from stacks.contracts import publish
from stacks.roles import shape_roles
from stacks.settings import AuditSettings, ManagementSettings
from stacks.warnings import tell_warnings

settings = load.from_config()
tell_warnings(settings)
shape_roles(settings)
if isinstance(settings, ManagementSettings):
    contracts = management.deploy(settings)
elif isinstance(settings, AuditSettings):
    contracts = audit.deploy(settings)
else:
    contracts = member.deploy(settings)
publish(*contracts)
