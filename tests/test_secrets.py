import base64
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
    ("held", "volume", "used"),
    [
        pytest.param(None, None, False, id="nothing yet"),
        pytest.param(secret(), None, True, id="a first install that was killed before the volume"),
        pytest.param(secret(), VOLUME, True, id="a volume that no install has noted"),
        pytest.param(secret("7"), VOLUME, True, id="the volume that was noted"),
        pytest.param(None, VOLUME, True, id="a volume alone, which is another error"),
    ],
)
def test_secrets_and_volume_belong_together(held: Any, volume: Any, used: bool) -> None:  # noqa: FBT001 - a row
    secrets._check_volume("todo-app", held, volume, used=used)


@pytest.mark.parametrize(
    ("held", "volume", "used", "words"),
    [
        pytest.param(secret("7"), None, True, "is gone", id="a volume that was noted and is gone"),
        pytest.param(secret("6"), VOLUME, True, "was recreated", id="another volume than was noted"),
        pytest.param(None, None, True, "is gone", id="the app's Secret alone, which was used for a database"),
    ],
)
def test_a_volume_that_is_gone_stops_with_the_two_ways_out(held: Any, volume: Any, used: bool, words: str) -> None:  # noqa: FBT001 - a row
    with pytest.raises(SecretsError) as caught:
        secrets._check_volume("second", held, volume, used=used)
    assert caught.value.id == "secrets.volume-lost"
    assert words in str(caught.value.because)
    assert "`todoctl secrets reset -n second`" in str(caught.value.hint)
    assert "`todoctl uninstall --data -n second`" in str(caught.value.hint)


BUILT_IN = "postgresql://{}:pw@todo-postgres.second:5432/todo"


class Alone:
    """A cluster with the app's Secret, and nothing else of an installation."""

    def __init__(self, url: str, *, ours: bool) -> None:
        labels = {"app.kubernetes.io/part-of": "todo-app"} if ours else {}
        data = {"database-url": base64.b64encode(url.encode()).decode()}
        self._secret = {"metadata": {"name": secrets.APP, "labels": labels, "resourceVersion": "1"}, "data": data}

    def get(self, _kind: object, name: str, _namespace: str) -> Any:
        return self._secret if name == secrets.APP else None


@pytest.mark.parametrize(
    ("url", "ours", "lost"),
    [
        pytest.param(BUILT_IN.format("todo"), True, True, id="made from a password that is gone, for a volume"),
        pytest.param(
            BUILT_IN.format("todo_a"), False, True, id="a role that only a database that is gone can have had"
        ),
        pytest.param(BUILT_IN.format("todo"), False, False, id="somebody's own, before the first install"),
        pytest.param("postgresql://todo:pw@db.example/x", True, False, id="a database elsewhere"),
    ],
)
def test_the_app_s_secret_alone_tells_of_a_database_that_is_gone(url: str, ours: bool, lost: bool) -> None:  # noqa: FBT001 - a row
    cluster: Any = Alone(url, ours=ours)
    if not lost:
        assert secrets.ensure(cluster, "second", {}, dry_run=True).changed
        return
    with pytest.raises(SecretsError) as caught:
        secrets.ensure(cluster, "second", {}, dry_run=True)
    assert caught.value.id == "secrets.volume-lost"
