import pytest

from todo_backend.settings import Settings, SettingsError, load

URL = "postgresql://todo:secret-word@db/todo"
SECRET = "x" * 32

REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "DATABASE_URL: Field required; BETTER_AUTH_SECRET: Field required"),
    ({"DATABASE_URL": URL}, "BETTER_AUTH_SECRET: Field required"),
    ({"DATABASE_URL": URL, "BETTER_AUTH_SECRET": "x" * 31}, "BETTER_AUTH_SECRET: Value should have at least 32 items"),
    ({"DATABASE_URL": "", "BETTER_AUTH_SECRET": SECRET}, "DATABASE_URL: must start with postgresql://"),
    ({"DATABASE_URL": "mysql://secret-word", "BETTER_AUTH_SECRET": SECRET}, "DATABASE_URL: must start with"),
    (
        {"DATABASE_URL": "postgresql://todo:secret-word/1@db/todo", "BETTER_AUTH_SECRET": SECRET},
        "DATABASE_URL: has a port that is no number",
    ),
    (
        {"DATABASE_URL": "postgresql://todo:secret-word%zz@db/todo", "BETTER_AUTH_SECRET": SECRET},
        "DATABASE_URL: is no URL that Postgres understands",
    ),
    ({"DATABASE_URL": URL, "BETTER_AUTH_SECRET": SECRET, "DATABASE_POOL_SIZE": "1"}, "DATABASE_POOL_SIZE: "),
    ({"DATABASE_URL": URL, "BETTER_AUTH_SECRET": SECRET, "LOG_LEVEL": "loud"}, "LOG_LEVEL: "),
]


@pytest.mark.parametrize(("environment", "message"), REFUSED)
def test_settings_that_do_not_fit_are_refused_by_name_and_without_the_value(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], message: str
) -> None:
    for name in ("DATABASE_URL", "BETTER_AUTH_SECRET", "DATABASE_POOL_SIZE", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load(Settings)
    assert str(refusal.value).startswith(message)
    assert "secret-word" not in str(refusal.value)


def test_settings_do_not_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("BETTER_AUTH_SECRET", SECRET)
    assert "secret-word" not in repr(load(Settings))
    assert SECRET not in repr(load(Settings))
