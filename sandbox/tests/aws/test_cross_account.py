from typing import Any

MEMBER, OTHER = "333333333333", "444444444444"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def worker(aws: Any, *actions: str) -> str:
    """A role of the member's that may do these actions."""
    return aws.role(trusts=LAMBDA, allows={"Action": list(actions), "Resource": "*"})


def test_a_queue_of_another_account_needs_both_policies(aws: Any, refusal: Any) -> None:
    theirs, name = aws.client("sqs", OTHER), aws.name("theirs")
    url = theirs.create_queue(QueueName=name)["QueueUrl"]
    role = worker(aws, "sqs:SendMessage")
    ours = aws.acting(role, "sqs")
    code, message = refusal(lambda: ours.send_message(QueueUrl=url, MessageBody="m"))
    assert (code, f"{OTHER}:{name}" in message) == ("AccessDenied", True)
    policy = aws.policy(
        {"Principal": {"AWS": MEMBER}, "Action": "sqs:SendMessage", "Resource": "*"}
    )
    theirs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    ours.send_message(QueueUrl=url, MessageBody="m")
    received = theirs.receive_message(QueueUrl=url)["Messages"]
    assert [message["Body"] for message in received] == ["m"]
    idle = aws.acting(aws.idle, "sqs")
    assert refusal(lambda: idle.send_message(QueueUrl=url, MessageBody="m"))[0] == "AccessDenied"


def test_a_secret_of_another_account_is_read_through_its_policy(aws: Any, refusal: Any) -> None:
    theirs = aws.client("secretsmanager", OTHER)
    key = aws.client("kms", OTHER).create_key()["KeyMetadata"]["Arn"]
    secret = theirs.create_secret(Name=aws.name("theirs"), SecretString="s", KmsKeyId=key)["ARN"]
    ours = aws.acting(worker(aws, "secretsmanager:*", "kms:Decrypt"), "secretsmanager")
    policy = aws.policy(
        {"Principal": {"AWS": MEMBER}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    )
    theirs.put_resource_policy(SecretId=secret, ResourcePolicy=policy)
    code, message = refusal(lambda: ours.get_secret_value(SecretId=secret))
    assert (code, "kms:Decrypt" in message) == ("AccessDeniedException", True)
    own = {"Principal": {"AWS": OTHER}, "Action": "kms:*", "Resource": "*"}
    decrypt = {"Principal": {"AWS": MEMBER}, "Action": "kms:Decrypt", "Resource": "*"}
    aws.client("kms", OTHER).put_key_policy(
        KeyId=key, PolicyName="default", Policy=aws.policy(own, decrypt)
    )
    assert ours.get_secret_value(SecretId=secret)["SecretString"] == "s"
