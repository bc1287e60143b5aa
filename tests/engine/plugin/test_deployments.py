"""What a program's author sees of the plugin, through the genuine engine."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend
from pulumi import ResourceOptions, automation

pytestmark = pytest.mark.engine


def counts(result: Any) -> dict[str, int]:
    """What a deployment did, without what it left as it was and the stack itself."""
    changes: dict[Any, int] = result.summary.resource_changes
    return {
        str(getattr(kind, "value", kind)): count
        for kind, count in changes.items()
        if kind != "same"
    }


def trust(service: str) -> str:
    principal = {"Service": service} if "." in service else {"AWS": service}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_second_deployment_changes_nothing_and_nothing_drifts(
    engine: Any, member: Any, state: Any
) -> None:
    days = 35

    def program() -> None:
        options = ResourceOptions(
            provider=member(default_tags=aws.ProviderDefaultTagsArgs(tags={"customer": "acme"}))
        )
        key = aws.kms.Key("key", enable_key_rotation=True, opts=options)
        vault = aws.backup.Vault("vault", kms_key_arn=key.arn, tags={"tier": "1"}, opts=options)
        aws.backup.Plan(
            "plan",
            rules=[
                aws.backup.PlanRuleArgs(
                    rule_name="daily",
                    target_vault_name=vault.name,
                    schedule="cron(0 5 ? * * *)",
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days),
                ),
                aws.backup.PlanRuleArgs(rule_name="weekly", target_vault_name=vault.name),
            ],
            opts=options,
        )
        pulumi.export("vault", vault.name)
        pulumi.export("tags", vault.tags_all)

    stack = engine.stack(program)
    previewed = stack.preview()
    created = stack.up()
    assert previewed.change_summary == {"create": 5}
    assert counts(created) == {"create": 5}
    assert created.outputs["tags"].value == {"customer": "acme", "tier": "1"}
    assert created.outputs["vault"].value.startswith("vault-")

    assert counts(stack.up()) == {}
    assert counts(stack.refresh()) == {}
    days = 40
    assert counts(stack.up()) == {"update": 1}
    assert counts(stack.up()) == {}

    stack.destroy()
    assert engine.client("backup").list_backup_vaults()["BackupVaultList"] == []
    assert engine.client("backup").list_backup_plans()["BackupPlansList"] == []


def test_what_someone_else_changed_or_deleted_is_put_right(engine: Any, member: Any) -> None:
    def program() -> None:
        options = ResourceOptions(provider=member())
        aws.backup.Vault("changed", name="drift-changed", tags={"tier": "1"}, opts=options)
        aws.backup.Vault("gone", name="drift-gone", opts=options)

    stack = engine.stack(program)
    stack.up()
    backup = engine.client("backup")
    arn = backup.describe_backup_vault(BackupVaultName="drift-changed")["BackupVaultArn"]
    backup.tag_resource(ResourceArn=arn, Tags={"tier": "9", "more": "x"})
    backup.delete_backup_vault(BackupVaultName="drift-gone")

    assert counts(stack.refresh()) == {"update": 1, "delete": 1}
    assert counts(stack.up()) == {"update": 1, "create": 1}
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"tier": "1"}
    stack.destroy()


def test_options_of_a_resource_decide_what_a_change_does(engine: Any, member: Any) -> None:
    size = 30

    def program() -> None:
        options = ResourceOptions(provider=member())
        merged = ResourceOptions.merge
        ignoring = merged(options, ResourceOptions(ignore_changes=["visibilityTimeoutSeconds"]))
        replacing = merged(
            options, ResourceOptions(replace_on_changes=["visibilityTimeoutSeconds"])
        )
        first = merged(options, ResourceOptions(delete_before_replace=True))
        aws.sqs.Queue("ignored", visibility_timeout_seconds=size, opts=ignoring)
        aws.sqs.Queue("replaced", visibility_timeout_seconds=size, opts=replacing)
        aws.sqs.Queue("fixed", name=f"fixed-{size}", opts=first)
        aws.backup.Vault(
            "region",
            name="same-name",
            region="eu-west-1" if size == 30 else "eu-central-1",
            opts=options,
        )

    stack = engine.stack(program)
    stack.up()
    size = 60
    steps: list[tuple[str, str]] = []

    def note(event: automation.EngineEvent) -> None:
        if event.res_outputs_event is not None:
            metadata = event.res_outputs_event.metadata
            steps.append((metadata.urn.rpartition("::")[2], str(metadata.op.value)))

    stack.up(on_event=note)
    own = {name: [op for urn, op in steps if urn == name] for name, _ in steps}
    assert own["ignored"] == ["same"]
    assert own["replaced"] == ["create-replacement", "replace", "delete-replaced"]
    assert own["fixed"] == ["delete-replaced", "replace", "create-replacement"]
    # A fixed name that stays is deleted first of the plugin's own accord.
    assert own["region"] == ["delete-replaced", "replace", "create-replacement"]
    stack.destroy()


def test_secrets_stand_nowhere_in_the_state(engine: Any, member: Any, state: Any) -> None:
    def program() -> None:
        options = ResourceOptions(provider=member())
        bus = aws.cloudwatch.EventBus(
            "bus",
            description=pulumi.Output.secret("hush-hush"),
            tags={"a": pulumi.Output.secret("psst-psst")},
            opts=options,
        )
        pulumi.export("what", bus.description)

    stack = engine.stack(program)
    outputs = stack.up().outputs
    assert outputs["what"].secret
    assert outputs["what"].value == "hush-hush"
    stack.refresh()
    text = engine.state_file()
    assert "hush-hush" not in text
    assert "psst-psst" not in text
    made = state(stack)["bus"]
    assert made["outputs"]["arn"].endswith("bus-" + made["id"][-7:])
    stack.destroy()


def test_what_exists_is_imported_or_read(engine: Any, member: Any, state: Any) -> None:
    backup = engine.client("backup")
    backup.create_backup_vault(BackupVaultName="was-there", BackupVaultTags={"tier": "1"})
    backup.create_backup_vault(BackupVaultName="not-ours")
    adopted = True

    def program() -> None:
        options = ResourceOptions(provider=member())
        imported = ResourceOptions.merge(options, ResourceOptions(import_="was-there"))
        aws.backup.Vault(
            "vault", name="was-there", tags={"tier": "1"}, opts=imported if adopted else options
        )
        other = aws.backup.Vault.get("other", "not-ours", opts=options)
        pulumi.export("arn", other.arn)

    stack = engine.stack(program)
    result = stack.up()
    assert counts(result)["import"] == 1
    assert result.outputs["arn"].value.endswith(":backup-vault:not-ours")
    adopted = False
    assert counts(stack.up()) == {}
    stack.destroy()
    assert [v["BackupVaultName"] for v in backup.list_backup_vaults()["BackupVaultList"]] == [
        "not-ours"
    ]
    backup.delete_backup_vault(BackupVaultName="not-ours")


def test_a_provider_that_hangs_on_a_resource_is_previewed(engine: Any, member: Any) -> None:
    def program() -> None:
        options = ResourceOptions(provider=member())
        role = aws.iam.Role("deployer", assume_role_policy=trust("999999999999"), opts=options)
        allowed = aws.iam.RolePolicyAttachment(
            "all",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
            opts=options,
        )
        by_role = aws.Provider(
            "by-role",
            region="eu-central-1",
            assume_roles=[
                aws.ProviderAssumeRoleArgs(
                    role_arn="arn:aws:iam::999999999999:role/OrganizationAccountAccessRole"
                ),
                aws.ProviderAssumeRoleArgs(role_arn=role.arn, session_name="deploys"),
            ],
            opts=ResourceOptions(depends_on=[allowed]),
        )
        vault = aws.backup.Vault("vault", opts=ResourceOptions(provider=by_role))
        regions = aws.get_regions_output(opts=pulumi.InvokeOutputOptions(provider=by_role))
        pulumi.export("vault", vault.arn)
        pulumi.export("regions", regions.names)

    stack = engine.stack(program)
    stack.preview()
    result = stack.up()
    assert ":eu-central-1:999999999999:" in result.outputs["vault"].value
    assert "eu-central-1" in result.outputs["regions"].value
    assert counts(stack.up()) == {}
    stack.destroy()


def test_what_aws_took_only_in_part_stays_in_the_state(
    engine: Any, member: Any, state: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise JsonRESTError("DisabledException", "not today")

    def program() -> None:
        aws.kms.Key("key", enable_key_rotation=True, opts=ResourceOptions(provider=member()))

    stack = engine.stack(program)
    with monkeypatch.context() as patch:
        patch.setattr(KmsBackend, "enable_key_rotation", refuse)
        with pytest.raises(automation.CommandError, match="EnableKeyRotation: DisabledException"):
            stack.up()
    key = state(stack)["key"]["id"]
    assert counts(stack.up()) == {"update": 1}
    assert engine.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert state(stack)["key"]["id"] == key
    stack.destroy()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "no vault"}, "AWS says: it must match"),
        ({"forced": True}, "has no property 'forced'"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(
    engine: Any, member: Any, arguments: dict[str, Any], message: str
) -> None:
    def program() -> None:
        class Vault(pulumi.CustomResource):
            def __init__(self, opts: ResourceOptions) -> None:
                super().__init__("aws:backup/vault:Vault", "vault", arguments, opts)

        Vault(ResourceOptions(provider=member()))

    stack = engine.stack(program)
    with pytest.raises(automation.CommandError, match=message):
        stack.preview()


def test_a_plain_dict_for_a_role_is_refused_with_the_cure(engine: Any) -> None:
    def program() -> None:
        provider = aws.Provider(
            "p", region="eu-west-1", assume_roles=[{"role_arn": "arn:aws:iam::999999999999:role/x"}]
        )
        aws.backup.Vault("vault", opts=ResourceOptions(provider=provider))

    with pytest.raises(automation.CommandError, match="ProviderAssumeRoleArgs"):
        engine.stack(program).preview()


def test_a_type_that_is_not_known_is_refused(engine: Any, member: Any) -> None:
    def program() -> None:
        pulumi.CustomResource("aws:ec2/vpc:Vpc", "network", {}, ResourceOptions(provider=member()))

    with pytest.raises(automation.CommandError, match="does not know aws:ec2/vpc:Vpc"):
        engine.stack(program).preview()


def test_without_a_fork_server_the_plugin_runs_by_itself(plain_engine: Any, member: Any) -> None:
    def program() -> None:
        aws.sqs.Queue("queue", name="plain", opts=ResourceOptions(provider=member()))

    stack = plain_engine.stack(program)
    assert counts(stack.up()) == {"create": 3}
    stack.destroy()
