"""Development with DATABASE_URL in the env file: no Postgres of the app's own."""

import pytest

from harness import Browser

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
    finally:
        todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE)
