"""An installation of the tests' own with 10,000 tasks in it, for the tests of what is kept: Secrets and data."""

import base64
import threading

import pytest

from harness import PROFILE, Browser, until
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster
from todoctl.database.postgres import Postgres
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError

NAMESPACE, HOST = "t-data", "data-test.local"
ADA = "ada@example.org"
TASKS = 10_000
USAGE, PREFLIGHT, CONSENT, SECRETS, ARCHIVE = 2, 4, 10, 11, 14

FILL = f"""
INSERT INTO task (user_id, title, description, created_at)
SELECT u.id, 'Task ' || n, repeat(md5(n::text), 8), now() - n * interval '1 second'
FROM "user" u, generate_series(1, {TASKS}) n WHERE u.email = '{ADA}';
"""  # noqa: S608 - made of constants
# Of every row with all its columns, so that one other byte anywhere shows.
SUMS = """
SELECT 'task', count(*), md5(string_agg(t::text, '|' ORDER BY t.id)) FROM task t;
SELECT 'user', count(*), md5(string_agg(u::text, '|' ORDER BY u.id)) FROM "user" u;
SELECT 'account', count(*), md5(string_agg(a::text, '|' ORDER BY a.id)) FROM account a;
SELECT version_num FROM alembic_version;
SELECT relname, relkind, relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1;
"""


@pytest.fixture(scope="module")
def data(installed, todoctl, tmp_path_factory):
    """Return todoctl for the installation of these tests. Whatever it printed or logged holds no value of a Secret."""
    log = tmp_path_factory.mktemp("state")
    printed = []
    seen = set()

    def of(*arguments, **options):
        seen.update(secret_values())
        outcome = todoctl(*arguments, "-n", NAMESPACE, XDG_STATE_HOME=str(log), **options)
        seen.update(secret_values())
        printed.append(outcome.out + outcome.err)
        return outcome

    # Two cores do not hold both once their autoscalers act.
    assert todoctl("uninstall", "--yes").code == 0
    try:
        outcome = of("install", "--yes", "--host", HOST)
        assert outcome.code == 0, outcome.err
        yield of
    finally:
        gone = todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE)
        back = todoctl("install")  # what the tests of other files find
    assert (gone.code, back.code) == (0, 0), gone.err + back.err
    logged = [file.read_text("utf-8") for file in log.rglob("*.log")]
    assert seen
    assert logged
    assert not [text for text in [*printed, *logged] if any(value in text for value in seen)]


def secret_values():
    cluster = Cluster.connect(PROFILE)
    for name in ("todo-secrets", "todo-postgres"):
        secret = cluster.get(kinds.SECRET, name, NAMESPACE) or {}
        for key, value in secret.get("data", {}).items():
            if key != "app-user":
                yield base64.b64decode(value).decode()


@pytest.fixture(scope="module")
def sql(data):
    return Postgres(Cluster.connect(PROFILE), NAMESPACE, lambda: Deadline(60)).sql


@pytest.fixture(scope="module")
def ada(data, address):
    browser = Browser(address, HOST)
    status, answer = browser.sign_up(ADA)
    assert status == 200, answer
    return browser


def secret(kubectl, name, key):
    found = kubectl.json("get", "secret", name, "-n", NAMESPACE)["data"][key]
    return base64.b64decode(found).decode()


def unsettled(data):
    """Return what an install still finds to do."""
    again = data("install", "--host", HOST, "-o", "json")
    assert again.code == 0, again.err
    return [item for item in again.data["objects"] if item["action"] != "unchanged"]


def signed_in(address):
    """Return a browser in which Ada is signed in. More than five times in a minute she is asked to wait."""

    def ask():
        browser = Browser(address, HOST)
        status, answer = browser.sign_in(ADA)
        assert status == 200, answer
        return browser

    return until(ask, seconds=120)


def signs_in(address):
    return until(signed_in(address).titles, seconds=60)


@pytest.fixture(scope="module")
def backup(data, sql, ada, tmp_path_factory):
    """Return a backup of 10,000 tasks, and what was in the database."""
    sql(FILL)
    path = tmp_path_factory.mktemp("backup") / "tasks.backup"
    before = sql(SUMS)
    outcome = data("backup", str(path), "-o", "json")
    assert outcome.code == 0, outcome.err
    assert outcome.data["size"] == path.stat().st_size
    assert before[0].startswith(f"task|{TASKS}|")
    assert sql(SUMS) == before
    return path, before


def expect(ask, wanted):
    try:
        found = ask()
    except ClusterError as error:  # the restore that was left alone may still end other sessions
        raise AssertionError(error) from error
    assert found == wanted


def replicas(kubectl):
    items = kubectl.json("get", "deployments", "-n", NAMESPACE)["items"]
    return [item["spec"]["replicas"] for item in items]


class Traffic:
    """Users at work while the block runs, at most 20 requests a second; `failed` is what did not succeed."""

    def __init__(self, address):
        self.answered = 0
        self.failed = []
        self._over = threading.Event()
        browsers = [signed_in(address) for _ in range(3)]
        self._threads = [threading.Thread(target=self._work, args=(browser,)) for browser in browsers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        try:
            self.more()
        except BaseException:
            self.__exit__()  # without an answer the block never begins
            raise
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(120)

    def more(self):
        """Wait until some more was answered."""
        before = self.answered + len(self.failed)

        def went_on():
            assert self.answered + len(self.failed) > before

        until(went_on, seconds=120)

    def _work(self, browser):
        while not self._over.is_set():
            try:
                token = browser.token()
                status, answer = browser("GET", "/api/tasks?limit=5", token=token)
                assert status == 200, answer
                status, answer = browser("POST", "/api/tasks", {"title": "While it rotates"}, token=token)
                assert status == 201, answer
                self.answered += 3
            except Exception as error:  # noqa: BLE001 - whatever it was, it is a request that failed
                self.failed.append(repr(error))
            self._over.wait(0.5)
