"""Query executions as Athena's API has them: workgroups, results, limits, ends."""

import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.athena.models import athena_backends

from aws_sandbox.athena.query_execution import QueryExecution
from aws_sandbox.athena.workgroups import InvalidRequestError, Terms, terms, updated

if TYPE_CHECKING:
    from sandbox.tests.athena.conftest import Lake


def refusal(lake: "Lake", sql: str, **request: Any) -> tuple[str, str]:
    """AthenaErrorCode and message of what StartQueryExecution refuses."""
    with pytest.raises(ClientError) as error:
        lake.start(sql, request)
    response: Any = error.value.response
    assert response["Error"]["Code"] == "InvalidRequestException"
    return response["AthenaErrorCode"], response["Error"]["Message"]


def workgroup(lake: "Lake", **configuration: Any) -> str:
    name = lake.name("group")
    lake.athena.create_work_group(Name=name, Configuration=configuration)
    return name


def results_in(lake: "Lake", folder: str) -> dict[str, bytes]:
    listed = lake.s3.list_objects_v2(Bucket=lake.results, Prefix=folder).get("Contents", [])
    return {
        item["Key"]: lake.s3.get_object(Bucket=lake.results, Key=item["Key"])["Body"].read()
        for item in listed
    }


def test_an_execution_tells_what_ran_how_and_where_its_result_is(lake: "Lake") -> None:
    execution = lake.ended("SELECT 'a,\"b\"' AS x, NULL AS y, '' AS z")
    location = f"s3://{lake.results}/all/{execution['QueryExecutionId']}.csv"
    assert execution["ResultConfiguration"]["OutputLocation"] == location
    assert execution["WorkGroup"] == "reports"
    assert execution["StatementType"] == "DML"
    assert execution["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]
    statistics = execution["Statistics"]
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"]
    files = results_in(lake, f"all/{execution['QueryExecutionId']}")
    assert set(files) == {
        f"all/{execution['QueryExecutionId']}.csv",
        f"all/{execution['QueryExecutionId']}.csv.metadata",
    }
    assert files[f"all/{execution['QueryExecutionId']}.csv"] == b'"x","y","z"\n"a,""b""",,""\n'


def test_results_come_in_pages_that_begin_with_the_header(lake: "Lake") -> None:
    values = "(VALUES (3000000001), (2), (3), (4), (5)) AS t (n)"
    execution = lake.ended("SELECT n FROM {v} ORDER BY n", v=values)
    pages = lake.athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"], PaginationConfig={"PageSize": 4}
    )
    rows = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in pages]
    assert rows == [["n", "2", "3", "4"], ["5", "3000000001"]]
    info = lake.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    column = info["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]
    assert (column["Name"], column["Type"], column["Precision"]) == ("n", "bigint", 19)


def test_what_is_no_sql_is_refused_at_once(lake: "Lake") -> None:
    code, message = refusal(lake, "SELEKT 1")
    assert code == "MALFORMED_QUERY"
    assert "mismatched input" in message
    assert refusal(lake, "SELECT 1 +")[0] == "MALFORMED_QUERY"
    assert "runs SELECT alone, and no 'SHOW TABLES'" in refusal(lake, "SHOW TABLES")[1]


def test_unknown_workgroups_executions_and_catalogs_are_refused(lake: "Lake") -> None:
    assert "WorkGroup none is not found" in refusal(lake, "SELECT 1", WorkGroup="none")[1]
    context = {"QueryExecutionContext": {"Catalog": "other"}}
    assert "no data catalog other" in refusal(lake, "SELECT 1", **context)[1]
    with pytest.raises(ClientError, match="was not found"):
        lake.athena.get_query_execution(QueryExecutionId="none")


def test_an_enforcing_workgroup_decides_where_and_how_results_are_written(lake: "Lake") -> None:
    encrypted = {"EncryptionOption": "SSE_S3"}
    own = {"OutputLocation": f"s3://{lake.results}/own", "EncryptionConfiguration": encrypted}
    name = workgroup(lake, ResultConfiguration=own, EnforceWorkGroupConfiguration=True)
    asked = {"OutputLocation": f"s3://{lake.results}/asked/"}
    execution = lake.ended("SELECT 1", {"WorkGroup": name, "ResultConfiguration": asked})
    (key, _) = results_in(lake, "own/")
    assert key == f"own/{execution['QueryExecutionId']}.csv"
    assert lake.s3.head_object(Bucket=lake.results, Key=key)["ServerSideEncryption"] == "AES256"


def test_a_client_may_choose_where_the_workgroup_lets_it(lake: "Lake") -> None:
    name = workgroup(lake, EnforceWorkGroupConfiguration=False)
    code, message = refusal(lake, "SELECT 1", WorkGroup=name)
    assert (code, message.split(".")[0]) == ("INVALID_INPUT", "No output location provided")
    asked = {"OutputLocation": f"s3://{lake.results}/asked"}
    lake.ended("SELECT 1", {"WorkGroup": name, "ResultConfiguration": asked})
    assert len(results_in(lake, "asked/")) == 2
    wrong = refusal(lake, "SELECT 1", WorkGroup=name, ResultConfiguration={"OutputLocation": "x"})
    assert "not a valid S3 path" in wrong[1]


def test_a_result_that_cannot_be_written_fails_the_query(lake: "Lake") -> None:
    name = workgroup(lake, ResultConfiguration={"OutputLocation": "s3://no-such-bucket/x"})
    assert "NoSuchBucket: PutObject" in lake.failure("SELECT 1", {"WorkGroup": name})


def test_a_query_that_reads_too_much_is_cancelled_by_its_workgroup(lake: "Lake") -> None:
    table = lake.table(lake.name(), ["a"])
    lake.put(f"{table}/f.csv", b"x\n" * 600)
    own = {"OutputLocation": f"s3://{lake.results}/cut"}
    name = workgroup(lake, ResultConfiguration=own, BytesScannedCutoffPerQuery=1000)
    execution = lake.ended("SELECT * FROM {t}", {"WorkGroup": name}, t=table)
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert execution["Statistics"]["DataScannedInBytes"] == 1000
    with pytest.raises(ClientError, match="did not finish successfully"):
        lake.page(execution["QueryExecutionId"])
    remove = {"RemoveBytesScannedCutoffPerQuery": True}
    lake.athena.update_work_group(WorkGroup=name, ConfigurationUpdates=remove)
    assert len(lake.answer("SELECT * FROM {t}", {"WorkGroup": name}, t=table)) == 600


def test_a_query_is_read_with_the_rights_of_its_caller(lake: "Lake") -> None:
    table = lake.table(lake.name(), ["a"])
    lake.put(f"{table}/f.csv", b"secret\n")
    iam = lake.session.client("iam")
    name = lake.name("role")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=NO_DATA)
    caller: Any = lake.server.role_session(role, "eu-west-1")
    athena = caller.client("athena")
    started = athena.start_query_execution(
        QueryString=" ".join(("SELECT * FROM", table)),
        QueryExecutionContext={"Database": lake.database},
        WorkGroup="reports",
    )
    execution = lake.waited(started["QueryExecutionId"])
    assert execution["Status"]["State"] == "FAILED"
    assert "AccessDenied: GetObject" in execution["Status"]["StateChangeReason"]


def test_what_the_sandbox_would_have_to_ignore_of_a_request_is_refused(lake: "Lake") -> None:
    assert "no ExecutionParameters" in refusal(lake, "SELECT 1", ExecutionParameters=["1"])[1]


def test_a_stopped_query_is_cancelled_whatever_it_was_doing(lake: "Lake") -> None:
    days = "UNNEST(sequence(date '0001-01-01', date '9000-01-01', interval '1' day))"
    endless = f"SELECT count(*) FROM {days} a(x) CROSS JOIN {days} b(y) WHERE x < y"  # noqa: S608
    execution_id = lake.start(endless)
    with pytest.raises(ClientError, match="Query has not yet finished"):
        lake.page(execution_id)
    lake.athena.stop_query_execution(QueryExecutionId=execution_id)
    answer = lake.athena.get_query_execution(QueryExecutionId=execution_id)
    status = answer["QueryExecution"]["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query cancelled by user",
    )
    lake.athena.stop_query_execution(QueryExecutionId=execution_id)
    workers = [one for one in threading.enumerate() if one.name.startswith("athena")]
    assert workers  # and the worker is free again for the next query
    assert lake.answer("SELECT 1") == [("1",)]


def test_a_workgroup_is_read_changed_disabled_and_deleted(lake: "Lake") -> None:
    own = {"OutputLocation": f"s3://{lake.results}/a"}
    name = workgroup(lake, ResultConfiguration=own)
    changes = {
        "ResultConfigurationUpdates": {"OutputLocation": f"s3://{lake.results}/b"},
        "EnforceWorkGroupConfiguration": False,
    }
    lake.athena.update_work_group(
        WorkGroup=name, ConfigurationUpdates=changes, Description="new", State="DISABLED"
    )
    group = lake.athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (group["Description"], group["State"]) == ("new", "DISABLED")
    assert group["Configuration"]["ResultConfiguration"]["OutputLocation"].endswith("/b")
    assert "is disabled" in refusal(lake, "SELECT 1", WorkGroup=name)[1]
    query = lake.athena.create_named_query(
        Name="q", Database="d", QueryString="SELECT 1", WorkGroup=name
    )["NamedQueryId"]
    found = lake.athena.get_named_query(NamedQueryId=query)["NamedQuery"]
    assert (found["QueryString"], found["WorkGroup"]) == ("SELECT 1", name)
    with pytest.raises(ClientError, match="is not empty"):
        lake.athena.delete_work_group(WorkGroup=name)
    lake.athena.delete_named_query(NamedQueryId=query)
    with pytest.raises(ClientError, match="was not found"):
        lake.athena.get_named_query(NamedQueryId=query)
    lake.athena.delete_work_group(WorkGroup=name)
    with pytest.raises(ClientError, match="is not found"):
        lake.athena.get_work_group(WorkGroup=name)


def test_what_moto_keeps_is_what_a_reset_forgets(lake: "Lake") -> None:
    execution_id = lake.ended("SELECT 1")["QueryExecutionId"]
    backend = athena_backends["666666666666"]["eu-west-1"]
    kept: Any = backend.executions[execution_id]
    assert isinstance(kept, QueryExecution)
    assert kept.workgroup is backend.work_groups["reports"]


OUTPUT = {"OutputLocation": "s3://b/x"}


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ({"ResultConfiguration": OUTPUT, "ExecutionRole": "arn"}, "does not know ExecutionRole"),
        ({"ResultConfiguration": OUTPUT, "EnableMinimumEncryptionConfiguration": True},
         "demands that results are encrypted"),
        ({"ResultConfiguration": {**OUTPUT, "EncryptionConfiguration":
                                  {"EncryptionOption": "CSE_KMS", "KmsKey": "k"}}},
         "writes no results with CSE_KMS"),
    ],
)  # fmt: skip
def test_settings_that_the_sandbox_would_have_to_ignore_are_refused(
    configuration: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        terms(configuration, {})
    with pytest.raises(InvalidRequestError, match="update ExecutionRole"):
        updated(configuration, {"ExecutionRole": "arn"})


def test_results_are_encrypted_and_owned_as_configured() -> None:
    results = {
        **OUTPUT,
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "key"},
        "ExpectedBucketOwner": "111111111111",
        "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
    }
    assert Terms(results=results, bytes_limit=None).put_arguments() == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key",
        "ExpectedBucketOwner": "111111111111",
        "ACL": "bucket-owner-full-control",
    }


TRUST = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "666666666666"}, "Action": "sts:AssumeRole"}
]}"""
NO_DATA = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["athena:*", "glue:*", "s3:ListBucket"], "Resource": "*"},
    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake-results/*"}
]}"""
