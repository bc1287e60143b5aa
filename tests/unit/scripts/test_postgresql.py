"""PostgreSQL's backup mode, by the script's document, with a server of this machine."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import scripts
from tests.support.waiting import until

_BINARIES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path("/usr/local/bin")]
_FOUND = next((str(path / "initdb") for path in _BINARIES if (path / "initdb").exists()), None)
_INITDB = shutil.which("initdb") or _FOUND
_PORT = 54329
"""Of the socket's name alone: nothing listens on the network."""
_AS_ROOT = os.getuid() == 0
"""PostgreSQL refuses to run as root: then its server runs as Debian's user postgres."""

pytestmark = pytest.mark.skipif(
    _INITDB is None, reason="there is no PostgreSQL here: apt-get install postgresql"
)


@dataclass(frozen=True)
class Server:
    folder: Path
    data: Path
    run_folder: Path
    port: int = _PORT

    @property
    def os_user(self) -> str:
        return "postgres" if _AS_ROOT else getpass.getuser()

    @property
    def connection(self) -> str:
        return f"host={self.folder} port={self.port} dbname=postgres user=postgres"

    def ask(self, sql: str) -> str:
        found = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, self.connection],
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.strip()

    def in_backup_mode(self) -> bool:
        return (
            self.ask(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_backup_start%' "
                "AND pid <> pg_backend_pid() AND state = 'idle'"
            )
            != "0"
        )

    def run(
        self, command: str, *, execution: str = "e1", **given: str
    ) -> subprocess.CompletedProcess[str]:
        parameters = {
            "command": command,
            "executionId": execution,
            "connection": self.connection,
            "osUser": self.os_user,
            "freezeSeconds": "20",
            **given,
        }
        return scripts.run("postgresql", parameters, self.environment)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "RUNTIME_DIRECTORY": str(self.run_folder / "run"),
            "STATE_DIRECTORY": str(self.run_folder / "state"),
        }

    def kept(self, execution: str = "e1") -> Path:
        return self.run_folder / "state" / "postgresql" / execution


def as_server(*command: str | Path) -> None:
    words: Sequence[str] = [str(word) for word in command]
    if _AS_ROOT:
        words = ["runuser", "-u", "postgres", "--", *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr + done.stdout


@contextmanager
def running(data: Path, port: int) -> Generator[None]:
    assert _INITDB is not None
    control = Path(_INITDB).with_name("pg_ctl")
    options = (
        f"-c listen_addresses='' -c unix_socket_directories={data.parent} -p {port} -c fsync=off"
    )
    as_server(control, "-D", data, "-o", options, "-l", data.parent / "log", "-w", "start")
    try:
        yield
    finally:
        as_server(control, "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    """Where the server's user may go, unlike to pytest's own."""
    with tempfile.TemporaryDirectory(prefix="backup-org-postgresql-") as made:
        if _AS_ROOT:
            shutil.chown(made, "postgres")
        yield Path(made)


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Generator[Path]:
    assert _INITDB is not None
    as_server(_INITDB, "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync")
    with running(folder / "data", _PORT):
        yield folder / "data"


@pytest.fixture
def server(cluster: Path, tmp_path: Path) -> Server:
    return Server(cluster.parent, cluster, tmp_path)


def test_a_copy_taken_in_between_is_restored_with_the_label_that_is_kept(server: Server) -> None:
    server.ask("DROP TABLE IF EXISTS payments; CREATE TABLE payments (amount int)")
    server.ask("INSERT INTO payments VALUES (1)")
    before = server.run("pre-script")
    assert before.returncode == 0, before.stderr
    server.ask("INSERT INTO payments VALUES (2)")
    copy = server.folder / "copy" / "data"
    as_server("mkdir", copy.parent)
    as_server("cp", "-r", server.data, copy)
    server.ask("INSERT INTO payments SELECT generate_series(3, 1000)")
    after = server.run("post-script")
    assert after.returncode == 0, after.stderr
    assert "START WAL LOCATION" in after.stdout

    (copy / "postmaster.pid").unlink()
    shutil.copy(server.kept() / "backup_label", copy)
    for part in (server.kept() / "pg_wal").iterdir():
        shutil.copy(part, copy / "pg_wal")
    if _AS_ROOT:
        for path in (copy, *copy.rglob("*")):
            shutil.chown(path, "postgres", "postgres")
    with running(copy, _PORT + 1):
        restored = Server(copy.parent, copy, server.run_folder, _PORT + 1)
        assert int(restored.ask("SELECT max(amount) FROM payments")) >= 2
    assert not (copy / "backup_label").exists()
    assert "consistent recovery state reached" in (copy.parent / "log").read_text()


def test_both_ends_are_in_one_session_which_is_gone_afterwards(server: Server) -> None:
    assert server.run("pre-script", execution="one").returncode == 0
    assert server.in_backup_mode()
    assert server.run("post-script", execution="one").returncode == 0
    assert not server.in_backup_mode()
    assert not (server.run_folder / "run" / "postgresql" / "one").exists()


def test_the_backup_mode_ends_by_itself_and_the_script_after_says_that_it_has_no_label(
    server: Server,
) -> None:
    assert server.run("pre-script", execution="late", freezeSeconds="1").returncode == 0
    until(lambda: not server.in_backup_mode())
    until((server.run_folder / "run" / "postgresql" / "late" / "over").exists)
    assert not server.in_backup_mode()
    late = server.run("post-script", execution="late")
    assert late.returncode == 1
    assert "the session had ended before: this backup has no label" in late.stderr
    assert not server.kept("late").exists()


def test_a_second_try_takes_the_place_of_the_first(server: Server) -> None:
    assert server.run("pre-script", execution="again").returncode == 0
    assert server.run("pre-script", execution="again").returncode == 0
    assert server.run("post-script", execution="again").returncode == 0
    assert not server.in_backup_mode()


def test_the_script_after_may_run_without_the_one_before_and_keeps_it_from_beginning(
    server: Server,
) -> None:
    assert server.run("post-script", execution="alone").returncode == 0
    assert server.run("pre-script", execution="alone").returncode == 1
    assert not server.in_backup_mode()


def test_a_server_that_does_not_answer_fails_the_script_before(server: Server) -> None:
    failed = server.run("pre-script", execution="none", connection="host=/nowhere dbname=x")
    assert failed.returncode == 1
    assert "PostgreSQL is not in backup mode" in failed.stderr
    assert "No such file or directory" in failed.stderr
    assert server.run("post-script", execution="none").returncode == 0


def test_a_dry_run_begins_nothing(server: Server) -> None:
    tried = server.run("dry-run")
    assert tried.returncode == 0, tried.stderr
    assert f"in {server.data} into backup mode" in tried.stdout
    assert not server.in_backup_mode()


def test_who_may_not_begin_the_backup_mode_is_told_by_a_dry_run(server: Server) -> None:
    server.ask("DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN")
    connection = server.connection.replace("user=postgres", "user=clerk")
    tried = server.run("dry-run", connection=connection)
    assert tried.returncode == 1
    assert "may not call pg_backup_start" in tried.stderr
