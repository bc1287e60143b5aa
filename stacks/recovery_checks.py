"""Checks of the drill, and of the way back from another account's vault; importing this registers
them."""

from stacks.check import Problems, account_of_stack, check
from stacks.copies import taken_back_from
from stacks.settings import ProtectedSettings, Settings
from stacks.warnings import Warnings, warning


@check(ProtectedSettings, "drill", "vaults", "retained_vaults", "air_gapped_vaults")
def _a_drill_has_what_it_tries(s: ProtectedSettings) -> Problems:
    if s.drill is not None and not (s.vaults or s.retained_vaults or s.air_gapped_vaults):
        yield (
            ("drill",),
            "tries the role in which this stack backs up, and there is none without a vault: add "
            "one to vaults, or leave drill out",
        )


@check(ProtectedSettings, "drill", "region", "regions")
def _a_drills_alerts_are_forwarded(s: ProtectedSettings) -> Problems:
    if s.drill is None or s.drill.region is None or s.drill.region in s.alert_regions:
        return
    yield (
        ("drill", "region"),
        f"{s.drill.region} is none of the stack's Regions, and no event is forwarded from there: "
        f"name one of {', '.join(s.alert_regions)}, or add it to regions",
    )


@check(ProtectedSettings, "recovery", "vaults", "retained_vaults")
def _a_vault_gives_back_or_takes_back(s: ProtectedSettings) -> Problems:
    if s.recovery is None:
        return
    gives = any(v.copies_from for v in (s.vaults | s.retained_vaults).values())
    if s.recovery.from_account is None and not gives:
        yield (
            ("recovery",),
            "no vault of the stack takes in copies that it could give back: write from_account: "
            "central where data is to come back to, or copies_from: organization on a vault",
        )
    if s.recovery.from_account is not None and not s.vaults:
        yield ("recovery", "from_account"), "there is no vault here for copies to come back into"


@check(ProtectedSettings, "recovery", "organization", "central_vaults_in", "account")
def _copies_come_back_from_another_account(s: ProtectedSettings) -> Problems:
    source = taken_back_from(s)
    if source == "":
        yield (
            ("recovery", "from_account"),
            f"there is no {s.central_vaults_in} account; name it in organization, or write the id "
            "of the account whose vault has the copies",
        )
    elif source is not None and source == account_of_stack(s):
        yield ("recovery", "from_account"), f"{source} is this account itself; name another"


@check(ProtectedSettings, "recovery", "vaults")
def _locked_vaults_take_what_comes_back(s: ProtectedSettings) -> Problems:
    if s.recovery is None or s.recovery.from_account is None:
        return
    days = s.recovery.delete_after_days
    for name, vault in s.vaults.items():
        least, most = vault.retention_bounds
        if (least is not None and days < least) or (most is not None and days > most):
            yield (
                ("recovery", "delete_after_days"),
                f"is {days} days, but the lock of the vault {name} takes {least or 1} to "
                f"{most or 36500}; AWS fails every copy that is kept otherwise",
            )


@warning
def _vaults_that_take_back_have_their_own_key(s: Settings) -> Warnings:
    if s.recovery is None or s.recovery.from_account is None:
        return
    for name, vault in s.vaults.items():
        if vault.key == "aws_managed":
            yield (
                ("vaults", name, "key"),
                "is AWS's own: of EBS, EC2, databases and FSx no copy comes back into the vault; "
                "another vault with key: customer_managed takes them",
            )
