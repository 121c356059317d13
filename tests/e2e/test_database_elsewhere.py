"""Development with DATABASE_URL in the env file: no Postgres of the app's own."""

import threading
from contextlib import contextmanager
from http.client import HTTPException

import pytest

from harness import Browser, becomes

pytestmark = pytest.mark.minikube

NAMESPACE, HOST = "t-elsewhere", "elsewhere.local"


@contextmanager
def reading(browser):
    """Read the tasks all the while, each time with a new token; yield the answers' statuses, and what was no answer."""
    answers, over = [], threading.Event()

    def work():
        while not over.is_set():
            try:
                status, answer = browser("POST", "/token")
                if status == 200:
                    status, _ = browser("GET", "/api/tasks", token=answer["token"])
                answers.append(status)
            except (OSError, HTTPException) as error:
                answers.append(repr(error))
            over.wait(0.5)

    becomes(200, lambda: browser("POST", "/token")[0])
    worker = threading.Thread(target=work)
    worker.start()
    try:
        becomes([200], lambda: answers[:1])  # waits for the first one
        yield answers
    finally:
        over.set()
        worker.join()


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
        with reading(browser) as answers:
            back = todoctl("secrets", "unset", "database-url", "--yes", "-n", NAMESPACE)
        assert back.code == 0, back.err
        # Nobody is cut off from the database of before, until pods come that use the new one, which knows nobody yet.
        assert (answers[0], {*answers} - {200, 401}) == (200, set()), answers
        becomes(200, lambda: browser.sign_up("own@example.org")[0])
        assert kubectl("get", "statefulsets", "-n", NAMESPACE, "-o", "name") == "statefulset.apps/todo-postgres\n"
        runs = [one["runs"] for one in todoctl("history", "-n", NAMESPACE, "-o", "json").data["releases"]]
        assert runs == [True]
        again = todoctl(*arguments, "-o", "json")
        assert (again.code, again.data["changed"]) == (0, False), again.err
        # An install moves it as gently, and leaves nothing of the own one but its data.
        with reading(browser) as answers:
            moved = todoctl(*arguments, "--env-file", str(env_file))
        assert moved.code == 0, moved.err
        assert (answers[0], {*answers} - {200, 401}) == (200, set()), answers
        becomes(200, lambda: browser.sign_in("elsewhere@example.org")[0])
        assert kubectl("get", "statefulsets", "-n", NAMESPACE, "-o", "name") == ""
    finally:
        gone = todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE)
    assert gone.code == 0, gone.err
