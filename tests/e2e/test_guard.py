"""Fifty at once at the sign-in, through the Ingress, which two frontends share."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import NAMESPACE, Browser, is_ready, staying, until

pytestmark = pytest.mark.minikube

MANY, FEW = 50, 4
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def frontends(installed, kubectl):
    """Return the names of the two frontends, which are ready."""

    def both():
        pods = staying(kubectl, NAMESPACE, "todo-frontend")
        assert [is_ready(pod) for pod in pods] == [True, True]
        return {pod["metadata"]["name"] for pod in pods}

    return until(both, seconds=120)


def at_once(work, *items, number=MANY):
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, *items))


def email(number=0):
    return f"guard-{secrets.token_hex(4)}-{number}@example.org"


def leave(browser):
    status, answer = browser("POST", "/auth/delete-user", {"password": PASSWORD})
    assert status == 200, answer


def test_fifty_accounts_sign_in_at_once_from_one_address(frontends, address):
    emails = [email(number) for number in range(MANY)]
    signed_up = at_once(lambda one: Browser(address).sign_up(one), emails, number=FEW)
    assert [status for status, _ in signed_up] == [200] * MANY
    pupils = [Browser(address) for _ in emails]
    answers = at_once(Browser.sign_in, pupils, emails)
    assert [status for status, _ in answers] == [200] * MANY
    at_once(Browser.token, pupils)
    assert {pupil.headers["X-Served-By"] for pupil in pupils} == frontends
    at_once(leave, pupils, number=FEW)


def test_of_fifty_tries_at_once_on_one_account_five_are_checked_whatever_address_they_claim(frontends, address):
    bea, known = Browser(address), email()
    assert bea.sign_up(known)[0] == 200

    def guess(number):
        forged = f"198.51.100.{number}"
        names = ("X-Real-IP", "X-Forwarded-For", "X-Original-Forwarded-For", "True-Client-IP", "Forwarded")
        claims = {name: f"for={forged}" if name == "Forwarded" else forged for name in names}
        browser = Browser(address, claims=claims)
        status, _ = browser.sign_in(known, f"guess number {number}")
        return status, browser.headers.get("Retry-After")

    answers = at_once(guess, range(MANY))
    assert sorted(status for status, _ in answers) == [401] * 5 + [429] * (MANY - 5)
    assert all(1 <= int(wait) <= 60 for status, wait in answers if status == 429)
    assert Browser(address).sign_in(known)[0] == 429, "the right password is not checked either"
    leave(bea)
