"""What is kept, through what takes longer: a killed restore, a lost volume, a backup of an older schema."""

import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from harness import PROFILE, ROOT, until
from kept import HOST, NAMESPACE, PREFLIGHT, SECRETS, SUMS, expect, replicas, signs_in
from todoctl.database import backupfile

pytestmark = pytest.mark.minikube

OLDEST = ROOT / "app" / "backend" / "tests" / "schemas" / "0001.sql"


def test_what_a_killed_restore_leaves_is_put_right_by_an_install_and_by_another(
    data, todoctl, sql, backup, kubectl, address
):
    path, before = backup
    sql("DELETE FROM task;")
    process = subprocess.Popen(
        [sys.executable, todoctl.zipapp, "restore", str(path), "--yes", "-n", NAMESPACE, "-p", PROFILE],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if line.startswith("Stop"):
            break
    until(lambda: expect(lambda: replicas(kubectl), [0, 0]), seconds=60)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    # Until then an install brings the app back to what the database holds.
    assert data("install", "--host", HOST).code == 0
    assert min(replicas(kubectl)) >= 2
    assert sql("SELECT count(*) FROM task") == ["0"]
    outcome = data("restore", str(path), "--yes")
    assert outcome.code == 0, outcome.err
    assert sql(SUMS) == before
    assert min(replicas(kubectl)) >= 2
    assert signs_in(address)


def test_a_backup_of_an_older_schema_is_migrated_with_its_data(data, sql, backup, tmp_path):
    path, before = backup
    head = sql("SELECT version_num FROM alembic_version")
    dump = dumped(OLDEST)
    older = tmp_path / "older.backup"
    with backupfile.reading(path) as file:
        about = replace(backupfile.check(file).about, revision=OLDEST.stem)
    with backupfile.creating(older) as file:
        backupfile.write(file, about, [dump])
    outcome = data("restore", str(older), "--yes")
    assert outcome.code == 0, outcome.err
    assert head != [OLDEST.stem]
    assert sql("SELECT version_num FROM alembic_version") == head
    assert sql("SELECT user_id, title, done, priority FROM task ORDER BY created_at")[0] == "u1|Buy milk|f|0"
    assert sql("SELECT count(*) FROM task") == ["3"]
    assert data("restore", str(path), "--yes").code == 0
    assert sql(SUMS) == before


def dumped(schema):
    """Return what pg_dump makes of a database that holds what a file says, beside the app's own."""

    def run(*argv, given=b""):
        command = ["kubectl", "--context", PROFILE, "exec", "-i", "-n", NAMESPACE, "todo-postgres-0", "--", *argv]
        return subprocess.run(command, input=given, check=True, capture_output=True).stdout

    run("createdb", "-U", "postgres", "older")
    try:
        run("psql", "-U", "postgres", "-d", "older", "-v", "ON_ERROR_STOP=1", given=schema.read_bytes())
        return run("pg_dump", "-U", "postgres", "--format=custom", "--no-owner", "--no-acl", "older")
    finally:
        run("dropdb", "-U", "postgres", "older")


def test_a_lost_volume_stops_an_install_and_a_backup_brings_the_tasks_back(data, kubectl, sql, backup, address):
    path, before = backup
    assert data("uninstall").code == 0
    kubectl("delete", "pvc", "data-todo-postgres-0", "-n", NAMESPACE)
    refused = data("install", "--host", HOST, "-o", "json")
    assert (refused.code, refused.error["id"]) == (SECRETS, "secrets.volume-lost"), refused.err
    assert "secrets reset" in refused.error["hint"]
    assert "uninstall --data" in refused.error["hint"]
    assert data("backup", str(path.with_name("none.backup"))).code == PREFLIGHT
    assert data("secrets", "reset", "--yes").code == 0
    outcome = data("install", "--host", HOST)
    assert outcome.code == 0, outcome.err
    assert sql("SELECT count(*) FROM task") == ["0"]
    assert data("restore", str(path), "--yes").code == 0
    assert sql(SUMS) == before
    assert signs_in(address)
