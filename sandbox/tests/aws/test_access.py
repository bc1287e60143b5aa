"""The hops of events, asked as the pump asks them."""

import io
import zipfile
from typing import Any

import pytest

from aws_sandbox.aws.access import Access, AccessDeniedError

AUDIT, MEMBER, REGION = "222222222222", "333333333333", "eu-west-1"
STRANGER = "000000000000"
"""In no organization of any test of this process."""
RULE = f"arn:aws:events:{REGION}:{MEMBER}:rule/failed"
EVENTS = {"Service": "events.amazonaws.com"}


@pytest.fixture(scope="module")
def access(aws: Any) -> Access:
    return aws.server.services.access


def code() -> bytes:
    """A function's archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    return content.getvalue()


def topic(aws: Any, *statements: Any, **attributes: str) -> str:
    sns = aws.client("sns")
    arn = sns.create_topic(Name=aws.name("topic"), Attributes=attributes)["TopicArn"]
    if statements:
        sns.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=aws.policy(*statements)
        )
    return arn


def may_publish(access: Access, arn: str, source: str = RULE) -> bool:
    return access.check_service(
        "events.amazonaws.com", "sns:Publish", arn, source_arn=source, source_account=MEMBER
    ).allowed


PUBLISH = {"Principal": EVENTS, "Action": "sns:Publish", "Resource": "*"}


def test_a_topics_default_policy_does_not_let_eventbridge_publish(aws: Any, access: Access) -> None:
    assert not may_publish(access, topic(aws))
    assert may_publish(access, topic(aws, PUBLISH))


def test_eventbridge_meets_no_condition_on_the_source_of_a_topics_policy(
    aws: Any, access: Access
) -> None:
    for condition in (
        {"ArnEquals": {"aws:SourceArn": RULE}},
        {"StringEquals": {"aws:SourceAccount": MEMBER}},
        {"StringEquals": {"aws:SourceOrgID": "o-exampleorg1"}},
    ):
        assert not may_publish(access, topic(aws, {**PUBLISH, "Condition": condition}))


def test_a_source_condition_is_held_against_the_alarm(aws: Any, access: Access) -> None:
    alarm, alarms = f"arn:aws:cloudwatch:{REGION}:{MEMBER}:alarm:a", "cloudwatch.amazonaws.com"
    statement = {**PUBLISH, "Principal": {"Service": alarms}}

    def may(condition: Any, source: str = alarm) -> bool:
        arn = topic(aws, {**statement, "Condition": condition})
        return access.check_service(
            alarms, "sns:Publish", arn, source_arn=source, source_account=MEMBER
        ).allowed

    assert may({"ArnEquals": {"aws:SourceArn": alarm}})
    assert not may({"ArnEquals": {"aws:SourceArn": alarm}}, source=f"{alarm}-other")
    assert may({"StringEquals": {"aws:SourceOrgID": "o-exampleorg1"}})


def test_the_key_of_a_topic_is_asked_for_that_topic_and_no_source(aws: Any, access: Access) -> None:
    kms, name = aws.client("kms"), aws.name("topic")
    account = aws.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:sns:{REGION}:{account}:{name}"
    own = {"Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    use = {"Principal": EVENTS, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"}

    def may(key: str, value: str) -> bool:
        condition = {"Condition": {"StringEquals": {key: value}}}
        policy = aws.policy(own, {**use, **condition})
        key_id = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
        made = aws.client("sns").create_topic(Name=name)["TopicArn"]
        for attribute, text in (("KmsMasterKeyId", key_id), ("Policy", aws.policy(PUBLISH))):
            aws.client("sns").set_topic_attributes(
                TopicArn=made, AttributeName=attribute, AttributeValue=text
            )
        return may_publish(access, made)

    assert may("kms:EncryptionContext:aws:sns:topicArn", arn)
    assert not may("kms:EncryptionContext:aws:sns:topicArn", f"{arn}-other")
    assert not may("aws:SourceAccount", MEMBER)


def test_an_encrypted_topic_needs_a_key_that_lets_the_service_use_it(
    aws: Any, access: Access
) -> None:
    kms = aws.client("kms")
    own = {"Principal": {"AWS": MEMBER}, "Action": "kms:*", "Resource": "*"}
    use = {
        "Principal": EVENTS,
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    closed = kms.create_key()["KeyMetadata"]["Arn"]
    open_ = kms.create_key(Policy=aws.policy(own, use))["KeyMetadata"]["KeyId"]
    half = {**use, "Action": "kms:GenerateDataKey"}
    halfway = kms.create_key(Policy=aws.policy(own, half))["KeyMetadata"]["Arn"]
    answers = [
        may_publish(access, topic(aws, PUBLISH, KmsMasterKeyId=key))
        for key in (closed, open_, halfway, "alias/aws/sns", "alias/absent")
    ]
    assert answers == [False, True, False, False, False]


def test_the_managed_key_of_a_topic_serves_the_accounts_own_roles(aws: Any, access: Access) -> None:
    arn = topic(aws, KmsMasterKeyId="alias/aws/sns")
    allows = {"Action": "sns:Publish", "Resource": "*"}
    role = aws.role(trusts=EVENTS, allows=allows)
    assert access.check_role(role, "sns:Publish", arn).allowed
    refused = access.check_service(
        "events.amazonaws.com", "sns:Publish", topic(aws, PUBLISH, KmsMasterKeyId="alias/aws/sns")
    )
    assert "alias/aws/sns" in refused.reason
    assert "AWS managed key" in refused.reason


def test_a_table_with_a_key_of_its_own_needs_that_key(aws: Any, access: Access) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    own = {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": key}}
    arns = [
        aws.client("dynamodb").create_table(
            TableName=aws.name("table"),
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            **encryption,
        )["TableDescription"]["TableArn"]
        for encryption in ({}, own)
    ]
    reads = {"Action": "dynamodb:GetItem", "Resource": "*"}
    decrypts = {"Action": ["dynamodb:GetItem", "kms:Decrypt"], "Resource": "*"}
    for allows, expected in ((reads, [True, False]), (decrypts, [True, True])):
        role = aws.role(trusts=EVENTS, allows=allows)
        assert [access.check_role(role, "dynamodb:GetItem", a).allowed for a in arns] == expected


def test_a_queue_asks_for_its_topic(aws: Any, access: Access) -> None:
    sqs, name = aws.client("sqs"), aws.name("queue")
    url, source = sqs.create_queue(QueueName=name)["QueueUrl"], topic(aws)
    arn = f"arn:aws:sqs:{REGION}:{MEMBER}:{name}"

    def may_send() -> bool:
        service = "sns.amazonaws.com"
        return access.check_service(service, "sqs:SendMessage", arn, source_arn=source).allowed

    assert not may_send()
    statement = {
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": aws.policy(statement)})
    assert may_send()


def test_a_function_asks_for_its_rule(aws: Any, access: Access) -> None:
    role = aws.role(trusts={"Service": "lambda.amazonaws.com"})
    functions, name = aws.client("lambda"), aws.name("function")
    arn = functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.11",
        Handler="app.handler",
        Code={"ZipFile": code()},
    )["FunctionArn"]

    def may_invoke(source: str) -> bool:
        action, service = "lambda:InvokeFunction", "events.amazonaws.com"
        return access.check_service(service, action, arn, source_arn=source).allowed

    assert not may_invoke(RULE)
    functions.add_permission(
        FunctionName=name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=RULE,
    )
    assert may_invoke(RULE)
    assert not may_invoke(f"{RULE}-other")
    functions.add_permission(
        FunctionName=name,
        StatementId="account",
        Action="lambda:InvokeFunction",
        Principal=AUDIT,
    )
    assert access.check_account(AUDIT, "lambda:InvokeFunction", arn).allowed


def test_a_bus_is_opened_to_an_account_or_to_the_organization(aws: Any, access: Access) -> None:
    events, name = aws.client("events", AUDIT), aws.name("bus")
    bus = events.create_event_bus(Name=name)["EventBusArn"]

    def may_put(account: str) -> bool:
        return access.check_account(account, "events:PutEvents", bus).allowed

    assert not may_put(MEMBER)
    statement = {
        "Sid": "Organization",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}},
    }
    events.put_permission(EventBusName=name, Policy=aws.policy(statement))
    assert may_put(MEMBER)
    assert not may_put(STRANGER)
    only = {**statement, "Sid": "One", "Principal": {"AWS": STRANGER}, "Condition": {}}
    events.put_permission(EventBusName=name, Policy=aws.policy(only))
    assert not may_put(MEMBER)
    assert may_put(STRANGER)
    by_parameter = {
        "Principal": "*",
        "Action": "events:PutEvents",
        "StatementId": "Parameters",
        "Condition": {
            "Type": "StringEquals",
            "Key": "aws:PrincipalOrgID",
            "Value": "o-exampleorg1",
        },
    }
    events.put_permission(EventBusName=name, **by_parameter)
    assert may_put(MEMBER)


def test_a_role_puts_events_on_another_accounts_bus_when_both_allow(
    aws: Any, access: Access
) -> None:
    events, name = aws.client("events", AUDIT), aws.name("bus")
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    role = aws.role(trusts=EVENTS, allows={"Action": "events:PutEvents", "Resource": bus})
    assert not access.check_role(role, "events:PutEvents", bus).allowed
    statement = {
        "Sid": "Member",
        "Principal": {"AWS": MEMBER},
        "Action": "events:PutEvents",
        "Resource": bus,
    }
    events.put_permission(EventBusName=name, Policy=aws.policy(statement))
    assert access.check_role(role, "events:PutEvents", bus).allowed
    assert not access.check_role(aws.idle, "events:PutEvents", bus).allowed


def test_a_service_has_credentials_of_a_role_that_trusts_it(aws: Any, access: Access) -> None:
    role = aws.role(trusts={"Service": "lambda.amazonaws.com"})
    session = access.assume_for_service(role, "lambda.amazonaws.com", "function")
    credentials = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
    }
    identity = aws.with_credentials(credentials).client("sts").get_caller_identity()
    assert identity["Arn"].endswith("/function")
    for service, target in (("events.amazonaws.com", role), ("lambda.amazonaws.com", f"{role}x")):
        with pytest.raises(AccessDeniedError):
            access.assume_for_service(target, service, "function")


def test_a_policy_that_cannot_be_evaluated_denies_and_says_why(aws: Any, access: Access) -> None:
    several = {"StringEquals": {"aws:PrincipalOrgPaths": "o-exampleorg1/*"}}
    arn = topic(aws, PUBLISH)
    role = aws.role(trusts=EVENTS, allows={"Action": "*", "Resource": "*", "Condition": several})
    assert not access.check_role(role, "sns:Publish", arn).allowed
    paths = {"aws:PrincipalOrgPaths": "o-exampleorg1/r-exam/ou-exam-77777777/"}
    inside = {"Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringLike": paths}}
    for account, allowed in (("777777777777", True), (MEMBER, False)):
        role = aws.role(trusts=EVENTS, allows=inside, account=account)
        own = f"arn:aws:sqs:{REGION}:{account}:queue"
        assert access.check_role(role, "sqs:SendMessage", own).allowed is allowed
