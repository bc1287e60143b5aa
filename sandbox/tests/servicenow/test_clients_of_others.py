"""The stand-in as clients see it that others wrote for the platform."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any, TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aws_sandbox.servicenow import Fault, ServiceNow

Untyped: TypeAlias = Any
"""Neither client tells its types."""
pysnc: Untyped = import_module("pysnc")
pysnow: Untyped = import_module("pysnow")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and what it signed itself for 127.0.0.1, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "servicenow.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def service(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceNow]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))  # it outdoes a session's own
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    running = ServiceNow(tls=tls).start()
    yield running
    running.stop()


@pytest.fixture
def glide(service: ServiceNow) -> Iterator[Untyped]:
    client: Untyped = pysnc.ServiceNowClient(service.url, ("backup.monitor", "sandbox"))
    yield client
    client.session.close()


@pytest.fixture
def incidents(service: ServiceNow) -> Iterator[Untyped]:
    host = service.url.removeprefix("https://")
    client: Untyped = pysnow.Client(host=host, user="backup.monitor", password="sandbox")
    yield client.resource(api_path="/table/incident")
    client.close()


def _opened(glide: Untyped, **values: str) -> Untyped:
    record = glide.GlideRecord("incident")
    record.initialize()
    for name, value in values.items():
        record.set_value(name, value)
    assert record.insert()
    return record


def test_pysnc_opens_finds_notes_and_resolves_an_incident(
    glide: Untyped, service: ServiceNow
) -> None:
    opened = _opened(glide, short_description="Backup failed", correlation_id="acme-1")
    found = glide.GlideRecord("incident")
    assert found.get("correlation_id", "acme-1")
    assert found.number == opened.number
    assert (found.get_value("state"), found.get_display_value("state")) == ("1", "New")
    assert found.get_display_value("opened_by") == "backup.monitor"
    found.work_notes = "Again"
    assert found.update()
    for name, value in {"close_code": "Duplicate", "close_notes": "good", "state": "6"}.items():
        found.set_value(name, value)
    assert found.update()
    (incident,) = service.incidents()
    assert (incident["state"], incident["close_code"]) == ("6", "Duplicate")


def test_pysnc_reads_page_after_page_in_the_order_it_asks_for(glide: Untyped) -> None:
    for number in range(7):
        _opened(glide, short_description=f"{number}", urgency=str(1 + number % 2))
    found = glide.GlideRecord("incident", batch_size=3)
    found.add_query("urgency", "2")
    found.add_active_query()
    found.order_by_desc("short_description")
    found.fields = ["short_description", "assignment_group"]
    found.query()
    assert found.get_row_count() == 3
    assert [record.get_value("short_description") for record in found] == ["5", "3", "1"]
    every = glide.GlideRecord("incident", batch_size=3)
    every.query()
    ids = [record.get_value("sys_id") for record in every]
    assert len(ids) == 7
    assert ids == sorted(ids)


def test_pysnc_comes_again_when_it_is_told_to(glide: Untyped, service: ServiceNow) -> None:
    service.add_fault(Fault(status=429, retry_after=1))
    record = glide.GlideRecord("incident")
    record.query()
    times = [request["time"] for request in service.requests()]
    assert [request["status"] for request in service.requests()] == [429, 200]
    assert isinstance(times[0], float)
    assert isinstance(times[1], float)
    assert times[1] - times[0] >= 1


def test_pysnc_is_told_what_the_instance_refuses(glide: Untyped) -> None:
    record = _opened(glide, short_description="Backup failed")
    record.set_value("state", "6")
    with pytest.raises(pysnc.exceptions.RoleException, match="Data Policy Exception"):
        record.update()
    assert not glide.GlideRecord("incident").get("0123")


def test_pysnc_finds_a_configuration_item_for_an_incident(
    glide: Untyped, service: ServiceNow
) -> None:
    item = {"name": "orders", "sys_class_name": "cmdb_ci_vm_instance", "object_id": "i-0abc"}
    service.control({"configuration_item": item})
    found = glide.GlideRecord("cmdb_ci_vm_instance")
    assert found.get("object_id", "i-0abc")
    incident = _opened(glide, short_description="x", cmdb_ci=found.get_value("sys_id"))
    assert incident.get_display_value("cmdb_ci") == "orders"


def test_pysnow_opens_finds_and_changes_an_incident(
    incidents: Untyped, service: ServiceNow
) -> None:
    opened = incidents.create({"short_description": "Backup failed", "correlation_id": "acme-1"})
    found = incidents.get(query={"correlation_id": "acme-1"}, stream=True).first()
    assert found["number"] == opened["number"]
    assert found["opened_by"]["link"].startswith(f"{service.url}/api/now/table/sys_user/")
    changed = incidents.update({"number": opened["number"]}, {"state": "2"})
    assert changed["state"] == "2"
    shown = incidents.get(
        query={"number": opened["number"]},
        fields=["state", "opened_by"],
        display_value=True,
        exclude_reference_link=True,
    )
    assert shown.one() == {"state": "In Progress", "opened_by": "backup.monitor"}


def test_pysnow_orders_and_pages(incidents: Untyped) -> None:
    for each in ("b", "c", "a"):
        incidents.create({"short_description": each})
    query = pysnow.QueryBuilder().field("active").equals("true").AND()
    ordered: Untyped = query.field("short_description").order_descending()
    page = incidents.get(query=ordered, limit=2, offset=1, fields=["short_description"])
    assert [record["short_description"] for record in page.all()] == ["b", "a"]
    with pytest.raises(pysnow.exceptions.MultipleResults):
        page.one()
