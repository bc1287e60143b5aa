"""What spans a customer's stacks in the settings of evidence."""

from pathlib import Path

from stacks.check import Problems
from stacks.customer_accounts import accounts_of
from stacks.settings import CentralSettings, StackSettings


def with_files(s: StackSettings, root: Path) -> Problems:
    """One key signs a customer's evidence: two would leave open whose word counts."""
    if not isinstance(s, CentralSettings) or s.evidence is None:
        return
    having = [account.name for account in accounts_of(s.customer, root) if account.has_evidence]
    if len(having) > 1:
        yield (
            ("evidence",),
            f"is set in the stacks {' and '.join(sorted(having))} of {s.customer}; leave it in "
            "one, and write null in the other",
        )
