"""The policy pack: `pulumi preview --policy-pack policies`, or any `backup-org` command."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# Pulumi runs the pack by its folder; the rules import one another by the project's names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.pack import NAME, policies_of_all_rules
from policies.with_engine import end_with_engine

end_with_engine()
PolicyPack(name=NAME, policies=[*policies_of_all_rules()])
