"""What is kept: Secrets and tasks, of an installation of these tests' own; tests/long has what takes longer."""

from urllib.parse import urlsplit

import pytest

from harness import PROFILE, Browser, becomes, staying, until
from kept import (
    ARCHIVE,
    CONSENT,
    HOST,
    NAMESPACE,
    PREFLIGHT,
    SECRETS,
    SUMS,
    TASKS,
    USAGE,
    Traffic,
    expect,
    secret,
    signed_in,
    signs_in,
    unsettled,
)
from todoctl.adapters.kubernetes import Cluster
from todoctl.database import backupfile
from todoctl.database.postgres import Postgres
from todoctl.deadline import Deadline

pytestmark = pytest.mark.minikube


# Backup and restore


def test_a_file_that_was_cut_or_changed_is_refused_and_nothing_is_touched(data, sql, backup, kubectl, tmp_path):
    path, before = backup
    whole = path.read_bytes()
    deployments = kubectl.json("get", "deployments", "-n", NAMESPACE)["items"]
    turned = bytearray(whole)
    turned[len(whole) // 3] ^= 4
    damaged = tmp_path / "damaged.backup"
    for content in (whole[: len(whole) // 100], whole[: len(whole) // 2], whole[:-1], bytes(turned)):
        damaged.write_bytes(content)
        outcome = data("restore", str(damaged), "--yes", "-o", "json")
        assert (outcome.code, outcome.error["id"]) == (ARCHIVE, "backup.damaged"), outcome.err
    assert sql(SUMS) == before
    after = kubectl.json("get", "deployments", "-n", NAMESPACE)["items"]
    assert [item["metadata"]["generation"] for item in after] == [
        item["metadata"]["generation"] for item in deployments
    ]


def test_a_whole_file_with_a_dump_that_pg_restore_cannot_read_is_refused(data, sql, backup, tmp_path):
    path, before = backup
    with backupfile.reading(path) as file:
        whole = backupfile.check(file)
        dump = b"".join(whole.dump(file))
    foreign = tmp_path / "foreign.backup"
    for content in (dump[: len(dump) // 2], b"PGDMP\x09\x09\x09" + dump[8:], b"no dump"):
        with backupfile.creating(foreign) as file:
            backupfile.write(file, whole.about, [content])
        outcome = data("restore", str(foreign), "--yes", "-o", "json")
        assert (outcome.code, outcome.error["id"]) == (ARCHIVE, "backup.not-restorable"), outcome.err
    assert sql(SUMS) == before


def test_a_restore_needs_a_yes(data, sql, backup):
    path, before = backup
    outcome = data("restore", str(path))
    assert outcome.code == CONSENT
    assert "Replace all accounts and tasks" in outcome.err
    assert sql(SUMS) == before


def test_ten_thousand_tasks_come_back_and_what_came_since_is_gone(data, sql, backup, kubectl, address):
    path, before = backup
    sql("DELETE FROM task; UPDATE \"user\" SET name = 'Eve'; CREATE TABLE since (id int); CREATE SCHEMA other;")
    sql("CREATE TABLE other.more AS SELECT 1 AS one;")
    assert sql(SUMS) != before
    outcome = data("restore", str(path), "--yes", "-o", "json")
    assert outcome.code == 0, outcome.err
    assert sql(SUMS) == before
    assert sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'other'") == ["0"]
    assert len(signs_in(address)) > 0
    for deployment in kubectl.json("get", "deployments", "-n", NAMESPACE)["items"]:
        assert deployment["spec"]["replicas"] >= 2
        assert "todoctl.dev/replicas-before" not in deployment["metadata"]["annotations"]
    # Nothing was left that an install would have to put right.
    assert unsettled(data) == []


def test_a_restore_that_ends_in_the_middle_changes_nothing(sql, backup):
    path, before = backup

    def half(chunks, length):
        done = 0
        for chunk in chunks:
            if done > length // 2:
                raise EOFError("the connection ends here")
            done += len(chunk)
            yield chunk

    with backupfile.reading(path) as file:
        whole = backupfile.check(file)
        postgres = Postgres(Cluster.connect(PROFILE), NAMESPACE, lambda: Deadline(60))
        with pytest.raises(EOFError):
            postgres.replace(half(whole.dump(file), whole.length), whole.length)
    until(lambda: expect(lambda: sql(SUMS), before), seconds=120)


def test_a_backup_asks_before_it_overwrites_and_leaves_no_part_of_one(data, backup, tmp_path):
    path = tmp_path / "tasks.backup"
    path.write_text("before")
    assert data("backup", str(path)).code == CONSENT
    assert path.read_text() == "before"
    assert data("backup", str(tmp_path / "absent" / "tasks.backup")).code == USAGE
    assert [item.name for item in tmp_path.iterdir()] == ["tasks.backup"]


# Secrets


def test_no_request_fails_while_the_database_gets_new_passwords(data, ada, kubectl, sql, address):
    url, admin = secret(kubectl, "todo-secrets", "database-url"), secret(kubectl, "todo-postgres", "postgres-password")
    postgres = kubectl.json("get", "pod", "todo-postgres-0", "-n", NAMESPACE)["metadata"]["uid"]
    with Traffic(address) as traffic:
        before = traffic.answered
        outcome = data("secrets", "rotate", "database", "-o", "json")
        during = traffic.answered - before
        traffic.more()
    assert outcome.code == 0, outcome.err
    assert outcome.data["rolled"] == ["todo-backend", "todo-frontend"]
    assert traffic.failed == []
    assert during > 0
    assert secret(kubectl, "todo-secrets", "database-url") != url
    assert secret(kubectl, "todo-postgres", "postgres-password") != admin
    assert kubectl.json("get", "pod", "todo-postgres-0", "-n", NAMESPACE)["metadata"]["uid"] == postgres
    # Whoever knows the old password has no use for it, and all that is made is still the owner's.
    role = urlsplit(secret(kubectl, "todo-secrets", "database-url")).username
    assert role in {"todo_a", "todo_b"}
    assert sql("SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'todo%'") == [role]
    # What was told to end does so a moment later.
    becomes([role], lambda: sql("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'todo%'"))
    owners = "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert sql(owners) == ["todo"]
    assert unsettled(data) == []


def test_a_new_secret_for_better_auth_signs_everybody_out_and_they_can_sign_in_again(data, kubectl, address):
    browser = signed_in(address)
    assert browser("POST", "/token")[0] == 200
    before = secret(kubectl, "todo-secrets", "better-auth-secret")
    assert data("secrets", "rotate", "auth").code == CONSENT
    assert secret(kubectl, "todo-secrets", "better-auth-secret") == before
    outcome = data("secrets", "rotate", "auth", "--yes")
    assert outcome.code == 0, outcome.err
    assert secret(kubectl, "todo-secrets", "better-auth-secret") != before
    becomes(401, lambda: browser("POST", "/token")[0])
    assert signs_in(address)


def test_a_key_from_stdin_reaches_the_pods(data, kubectl, tmp_path):
    file = tmp_path / "key"
    file.write_text("sk-made-up-for-a-test\n")
    with file.open() as stdin:
        outcome = data("secrets", "set", "openai-api-key", stdin=stdin)
    assert outcome.code == 0, outcome.err
    assert secret(kubectl, "todo-secrets", "openai-api-key") == "sk-made-up-for-a-test"
    version = kubectl.json("get", "secret", "todo-secrets", "-n", NAMESPACE)["metadata"]["resourceVersion"]
    pods = staying(kubectl, NAMESPACE, "todo-backend")
    running = [pod for pod in pods if pod["status"]["phase"] == "Running"]  # what has ended may still be listed
    assert {pod["metadata"]["annotations"]["todoctl.dev/secrets-version"] for pod in running} == {version}
    again = data("secrets", "set", "openai-api-key", "--from-file", str(file), "-o", "json")
    assert (again.code, again.data["changed"]) == (0, False)
    assert set_keys(data) == {"database-url", "better-auth-secret", "openai-api-key"}


def test_the_key_is_taken_away_again(data):
    outcome = data("secrets", "unset", "openai-api-key", "-o", "json")
    assert (outcome.code, outcome.data["changed"]) == (0, True), outcome.err
    assert outcome.data["rolled"] == ["todo-backend", "todo-frontend"]
    assert set_keys(data) == {"database-url", "better-auth-secret"}
    assert data("secrets", "unset", "openai-api-key", "-o", "json").data["changed"] is False


def set_keys(data):
    names = data("secrets", "names", "-o", "json").data["secrets"]
    return {key["name"] for key in names[0]["keys"] if key["set"]}


@pytest.mark.parametrize(("name", "signed_out"), [("todo-postgres", False), ("todo-secrets", True)])
def test_a_lost_secret_stops_an_install_and_a_reset_makes_it_fit_again(data, kubectl, sql, address, name, signed_out):
    browser = signed_in(address)
    tasks = sql("SELECT count(*) FROM task")
    kubectl("delete", "secret", name, "-n", NAMESPACE)
    refused = data("install", "--host", HOST, "-o", "json")
    assert (refused.code, refused.error["id"]) == (SECRETS, "secrets.lost"), refused.err
    assert f"`todoctl secrets reset -n {NAMESPACE}`" in refused.error["hint"]
    assert f"`todoctl uninstall --data -n {NAMESPACE}`" in refused.error["hint"]
    assert data("secrets", "reset").code == CONSENT
    assert name not in kubectl("get", "secrets", "-n", NAMESPACE, "-o", "name")
    outcome = data("secrets", "reset", "--yes")
    assert outcome.code == 0, outcome.err
    becomes(401 if signed_out else 200, lambda: browser("POST", "/token")[0])
    assert signs_in(address)
    assert sql("SELECT count(*) FROM task") == tasks
    assert data("install", "--host", HOST).code == 0


@pytest.fixture(scope="module")
def left_behind(sql, backup):
    """Return what the app's own database holds when the app leaves it: the requests of tests before added to it."""
    assert backup
    return sql(SUMS)[:3]


def test_the_app_moves_to_another_database_and_leaves_backups_to_its_tools(
    data, left_behind, address, database_elsewhere, backup, tmp_path
):
    assert int(left_behind[0].split("|")[1]) >= TASKS
    file = tmp_path / "url"
    file.write_text(database_elsewhere + "\n")
    assert data("secrets", "set", "database-url", "--from-file", str(file)).code == CONSENT
    outcome = data("secrets", "set", "database-url", "--from-file", str(file), "--yes")
    assert outcome.code == 0, outcome.err
    browser = Browser(address, HOST)
    becomes(200, lambda: browser.sign_up("elsewhere@example.org")[0])
    assert browser.titles() == []
    assert data("install", "--host", HOST).code == 0, "its own Postgres goes, and the volume stays"
    becomes(0, lambda: data("status").code)  # an autoscaler may act at any time
    path, _ = backup
    for verb in (
        ["backup", str(tmp_path / "x.backup")],
        ["restore", str(path), "--yes"],
        ["secrets", "rotate", "database"],
    ):
        refused = data(*verb, "-o", "json")
        assert (refused.code, refused.error["id"]) == (PREFLIGHT, "database.elsewhere"), refused.err
    assert not list(tmp_path.glob("unmade*"))


def test_the_app_comes_back_to_its_own_database_with_all_that_it_had(
    data, address, sql, left_behind, database_elsewhere
):
    assert data("secrets", "unset", "database-url").code == CONSENT
    outcome = data("secrets", "unset", "database-url", "--yes", "-o", "json")
    assert outcome.code == 0, outcome.err
    assert outcome.data["rolled"] == ["todo-backend", "todo-frontend"]
    assert signs_in(address)
    assert sql(SUMS)[:3] == left_behind, "the tasks, users and accounts of before"
    assert data("secrets", "unset", "database-url", "--yes", "-o", "json").data["changed"] is False
    assert unsettled(data) == []
    assert data("secrets", "rotate", "database").code == 0
