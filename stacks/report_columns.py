"""What the raw tables of a stack's settings look like."""

from reports.templates import TEMPLATES
from stacks import names
from stacks.report_settings import Reports


def raw_columns(reports: Reports) -> dict[str, list[str]]:
    """The raw tables' columns by template: as learnt, else as AWS's guide has them."""
    organization = reports.scope != "account"
    found: dict[str, list[str]] = {}
    for name in names.report_templates(reports):
        template = TEMPLATES[name]
        header = reports.lake.headers.get(name)
        if header is None:
            found[name] = [c.raw for c in template.columns_of(organization=organization)]
        else:
            found[name] = [template.raw_name(title) for title in header]
    return found
