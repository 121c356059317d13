import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from todo_backend import auth
from todo_backend.auth import InvalidToken, TokenVerifier

FOLDER = Path(__file__).parents[2] / "contract"
CONTRACT: dict[str, Any] = json.loads((FOLDER / "token.json").read_text(encoding="utf-8"))


def test_the_key_is_the_contracts() -> None:
    assert auth.derive_key(CONTRACT["secret"]).hex() == CONTRACT["key"]


def test_what_is_expected_of_a_token_is_the_contracts() -> None:
    ours = (auth.KEY_INFO.decode(), auth.ISSUER, auth.AUDIENCE, auth.MAX_LIFETIME_SECONDS, auth.LEEWAY_SECONDS)
    names = ("info", "issuer", "audience", "max_lifetime_seconds", "leeway_seconds")
    assert ours == tuple(CONTRACT[name] for name in names)


@pytest.mark.parametrize("vector", CONTRACT["tokens"], ids=lambda vector: vector["name"])
def test_each_token_gets_the_contracts_verdict(vector: dict[str, Any]) -> None:
    verifier = TokenVerifier(CONTRACT["secret"], now=lambda: vector["now"])
    try:
        subject = verifier.subject(vector["token"])
    except InvalidToken:
        subject = None
    assert subject == vector["subject"]


def test_the_contract_is_what_its_script_makes() -> None:
    assert runpy.run_path(str(FOLDER / "make_token_vectors.py"))["contract"]() == CONTRACT


@pytest.mark.parametrize("vector", [v for v in CONTRACT["tokens"] if v["subject"] is None], ids=lambda v: v["name"])
def test_a_refusal_never_quotes_the_token(vector: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken) as refusal:
        TokenVerifier(CONTRACT["secret"], now=lambda: vector["now"]).subject(vector["token"])
    assert not vector["token"] or vector["token"] not in str(refusal.value)
