from typing import Any

import pytest

from todoctl import secrets
from todoctl.errors import SecretsError

VOLUME = {"metadata": {"uid": "7"}}


def secret(remembered: str | None = None) -> dict[str, Any]:
    return {"metadata": {"annotations": {secrets.VOLUME_UID: remembered}} if remembered else {}}


def test_no_repr_shows_a_value() -> None:
    wanted = secrets._Wanted("todo-secrets", {"better-auth-secret": "s3cret"}, {"openai-api-key": "s3cret"})
    assert "s3cret" not in repr(wanted)


def test_values_that_are_made_are_long_and_need_no_quotes() -> None:
    made = {secrets.random_value() for _ in range(100)}
    assert len(made) == 100
    assert all(len(value) >= 32 and value.replace("-", "").replace("_", "").isalnum() for value in made)


@pytest.mark.parametrize(
    ("held", "volume", "user"),
    [
        pytest.param(None, None, "todo", id="nothing yet"),
        pytest.param(secret(), None, "todo", id="a first install that was killed before the volume"),
        pytest.param(secret(), VOLUME, "todo", id="a volume that no install has noted"),
        pytest.param(secret("7"), VOLUME, "todo", id="the volume that was noted"),
        pytest.param(secret("7"), VOLUME, "todo_b", id="the same, after a rotation"),
        pytest.param(None, VOLUME, "todo", id="a volume alone, which is another error"),
    ],
)
def test_secrets_and_volume_belong_together(held: Any, volume: Any, user: str) -> None:
    secrets._check_volume("todo-app", held, volume, user)


@pytest.mark.parametrize(
    ("held", "volume", "user", "words"),
    [
        pytest.param(secret("7"), None, "todo", "is gone", id="a volume that was noted and is gone"),
        pytest.param(secret("6"), VOLUME, "todo", "was made anew", id="another volume than was noted"),
        pytest.param(None, None, "todo_a", "is gone", id="a role that only a database that is gone can have had"),
    ],
)
def test_a_volume_that_is_gone_stops_with_the_two_ways_out(held: Any, volume: Any, user: str, words: str) -> None:
    with pytest.raises(SecretsError) as caught:
        secrets._check_volume("second", held, volume, user)
    assert caught.value.id == "secrets.volume-lost"
    assert words in str(caught.value.because)
    assert "`todoctl secrets reset -n second`" in str(caught.value.hint)
    assert "`todoctl uninstall --data -n second`" in str(caught.value.hint)
