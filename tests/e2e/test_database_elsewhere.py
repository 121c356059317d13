"""Development with DATABASE_URL in the env file: no Postgres of the app's own."""

import pytest

from harness import Browser, until

pytestmark = pytest.mark.minikube

NAMESPACE, HOST = "t-elsewhere", "elsewhere.local"


def test_an_external_database_serves_and_no_postgres_is_made(todoctl, kubectl, address, database_elsewhere, tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text(f"DATABASE_URL={database_elsewhere}\n")
    arguments = ("install", "-n", NAMESPACE, "--host", HOST)
    try:
        outcome = todoctl(*arguments, "--env-file", str(env_file))
        assert outcome.code == 0, outcome.err
        assert "only-for-this-test" not in outcome.out + outcome.err
        browser = Browser(address, HOST)
        assert browser.sign_up("elsewhere@example.org")[0] == 200
        assert browser.titles() == []
        assert kubectl("get", "statefulsets", "-n", NAMESPACE, "-o", "name") == ""
        # The Secret remembers: the next install needs no env file, and changes nothing.
        again = todoctl(*arguments, "-o", "json")
        assert again.code == 0, again.err
        assert again.data["changed"] is False
        # And the app takes up a database of its own, which begins empty.
        back = todoctl("secrets", "unset", "database-url", "--yes", "-n", NAMESPACE)
        assert back.code == 0, back.err
        assert until(lambda: browser.sign_up("own@example.org")[0], seconds=30) == 200
        assert kubectl("get", "statefulsets", "-n", NAMESPACE, "-o", "name") == "statefulset.apps/todo-postgres\n"
        runs = [one["runs"] for one in todoctl("history", "-n", NAMESPACE, "-o", "json").data["releases"]]
        assert runs == [True]
        again = todoctl(*arguments, "-o", "json")
        assert (again.code, again.data["changed"]) == (0, False), again.err
    finally:
        todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE)
