"""What backup policies of AWS Organizations say, in their syntax, split at AWS's limit.

Source: AWS Organizations' user guide, Backup policy syntax and examples; its quotas.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stacks import names
from stacks.backup_policy_settings import BackupPolicy
from stacks.backup_rules import start_window_minutes
from stacks.copies import copy_lifecycle
from stacks.protection_settings import Copy, Plan, Rule, Selection, plan_rules
from stacks.resource_types import arn_patterns
from stacks.settings import CentralSettings

CHARACTERS = 10_000
"""Of a policy as it is saved: by the API white space counts."""
Json = Mapping[str, Any]


def parts(settings: CentralSettings, name: str) -> Sequence[str]:
    """A policy's plans in their order, as many in each part as fit; one alone may be too long."""
    found: list[dict[str, Json]] = []
    for plan_name in settings.backup_policies[name].plans:
        plan = {f"{name}-{plan_name}": plan_content(settings, name, plan_name)}
        if found and len(text({**found[-1], **plan})) <= CHARACTERS:
            found[-1] |= plan
        else:
            found.append(plan)
    return [text(each) for each in found]


def text(plans: Json) -> str:
    return json.dumps({"plans": plans}, ensure_ascii=False, separators=(",", ":"))


def plan_content(settings: CentralSettings, policy_name: str, name: str) -> Json:
    policy = settings.backup_policies[policy_name]
    plan = policy.plans[name]
    rules = plan_rules(name, plan, settings.tiers)
    role = names.role_arn(settings, "$account", names.backup_role(settings))
    content: dict[str, Any] = {
        "regions": _assign(list(plan.regions or policy.regions)),
        "rules": {
            rule_name: _rule(settings, policy, plan, rule) for rule_name, rule in rules.items()
        },
        "selections": _selections(name, plan.selection, role),
    }
    if plan.windows_vss:
        content["advanced_backup_settings"] = {"ec2": {"windows_vss": _assign("enabled")}}
    return content


def _rule(settings: CentralSettings, policy: BackupPolicy, plan: Plan, rule: Rule) -> Json:
    vault, window = plan.vault or policy.vault, plan.maintenance_window or policy.maintenance_window
    content: dict[str, Any] = {
        "schedule_expression": _assign(rule.schedule),
        "start_backup_window_minutes": _assign(str(start_window_minutes(rule, window))),
        "complete_backup_window_minutes": _assign(str(rule.completion_window_minutes)),
        "target_backup_vault_name": _assign(vault),
        "lifecycle": _lifecycle(rule.move_to_cold_storage_after_days, rule.delete_after_days),
    }
    if rule.archive_ebs_snapshots:
        content["lifecycle"]["opt_in_to_archive_for_supported_resources"] = _assign("true")
    if plan.air_gapped_vault is not None:
        vaults = f"arn:{settings.partition}:backup:$region:$account:backup-vault"
        content["target_logically_air_gapped_backup_vault_arn"] = _assign(
            f"{vaults}:{plan.air_gapped_vault}"
        )
    if rule.continuous:
        content["enable_continuous_backup"] = _assign(True)
    if rule.recovery_point_tags:
        content["recovery_point_tags"] = {
            key: {"tag_key": _assign(key), "tag_value": _assign(value)}
            for key, value in rule.recovery_point_tags.items()
        }
    if rule.copies:
        here = (plan.regions or policy.regions)[0]
        content["copy_actions"] = {
            arn: {"target_backup_vault_arn": _assign(arn), "lifecycle": _copied(copy, rule)}
            for copy in rule.copies
            for arn in [_vault_arn(settings, copy, vault, here)]
        }
    return content


def accounts_copied_to_by_policies(settings: CentralSettings, vault: str) -> set[str]:
    """Accounts that policies copy to what they put into a vault."""
    return {
        _copied_to(settings, copy)
        for policy in settings.backup_policies.values()
        for name, plan in policy.plans.items()
        if (plan.vault or policy.vault) == vault
        for rule in plan_rules(name, plan, settings.tiers).values()
        for copy in rule.copies
        if copy.account is not None
    }


def _copied_to(settings: CentralSettings, copy: Copy) -> str:
    central = getattr(settings.organization, f"{settings.central_vaults_in}_account")
    return central if copy.account == "central" else copy.account or "$account"


def _vault_arn(settings: CentralSettings, copy: Copy, vault: str, here: str) -> str:
    """`here` is the plan's only Region where a copy names none: a check sees to that."""
    account = _copied_to(settings, copy)
    region, name = copy.region or here, copy.vault or vault
    return f"arn:{settings.partition}:backup:{region}:{account}:backup-vault:{name}"


def _copied(copy: Copy, rule: Rule) -> Json:
    delete, cold = copy_lifecycle(rule, copy)
    return _lifecycle(cold, delete)


def _lifecycle(cold: int | None, delete: int) -> dict[str, Json]:
    moved = {} if cold is None else {"move_to_cold_storage_after_days": _assign(str(cold))}
    return {**moved, "delete_after_days": _assign(str(delete))}


def _selections(plan: str, selection: Selection, role_arn: str) -> Json:
    """By tags; with types of resources their syntax knows tags as conditions alone."""
    tags = [*selection.any_tags.items()]
    if selection.tag is not None:
        tags.insert(0, (selection.tag, plan if selection.value is None else selection.value))
    role = {"iam_role_arn": _assign(role_arn)}
    if tags and not (selection.resource_types or selection.exclude_resource_types):
        by_tag = {
            f"tag-{number}": {
                **role,
                "tag_key": _assign(key),
                "tag_value": _assign([value]),
                **_conditions(selection, ()),
            }
            for number, (key, value) in enumerate(tags, start=1)
        }
        return {"tags": by_tag}
    types = {"resource_types": _assign(_patterns(selection.resource_types, role_arn) or ["*"])}
    if selection.exclude_resource_types:
        types["not_resource_types"] = _assign(_patterns(selection.exclude_resource_types, role_arn))
    by_type = {
        f"types-{number}": {**role, **types, **_conditions(selection, tag)}
        for number, tag in enumerate([(tag,) for tag in tags] or [()], start=1)
    }
    return {"resources": by_type}


def _patterns(types: Sequence[str], role_arn: str) -> list[str]:
    """Of the partition that the role is of."""
    partition = role_arn.split(":")[1]
    return sorted({pattern for kind in types for pattern in arn_patterns(kind, partition)})


def _conditions(selection: Selection, tags: Sequence[tuple[str, str]]) -> Json:
    """Also of tags that stand as conditions; nothing where there are none."""
    own = selection.conditions
    kinds = {
        "string_equals": [*tags, *own.equals.items()],
        "string_not_equals": [*own.not_equals.items()],
        "string_like": [*own.like.items()],
        "string_not_like": [*own.not_like.items()],
    }
    found = {kind: dict(_numbered(pairs)) for kind, pairs in kinds.items() if pairs}
    return {"conditions": found} if found else {}


def _numbered(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Json]]:
    for number, (key, value) in enumerate(pairs, start=1):
        condition = {"condition_key": f"aws:ResourceTag/{key}", "condition_value": value}
        yield f"condition-{number}", {name: _assign(each) for name, each in condition.items()}


def _assign(value: object) -> Json:
    return {"@@assign": value}
