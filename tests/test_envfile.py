import pytest

from todoctl.envfile import parse_env_file
from todoctl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing\n\n   \n", {}),
        ("OPENAI_API_KEY=sk-1", {"OPENAI_API_KEY": "sk-1"}),
        ("  export OPENAI_API_KEY = sk-1  \n", {"OPENAI_API_KEY": "sk-1"}),
        (
            "\ufeffOPENAI_API_KEY=sk-1\r\nDATABASE_URL=postgresql://u:p@h/d\r\n",
            {"OPENAI_API_KEY": "sk-1", "DATABASE_URL": "postgresql://u:p@h/d"},
        ),
        ("OPENAI_API_KEY=a # a note", {"OPENAI_API_KEY": "a"}),
        ("OPENAI_API_KEY=a#b", {"OPENAI_API_KEY": "a#b"}),
        ("OPENAI_API_KEY='a # b' # a note", {"OPENAI_API_KEY": "a # b"}),
        ('OPENAI_API_KEY="a \\"b\\" \\\\ $c"', {"OPENAI_API_KEY": 'a "b" \\ $c'}),
        ("OPENAI_API_KEY='a\\n$b'", {"OPENAI_API_KEY": "a\\n$b"}),
        (
            "DATABASE_URL=postgresql://u:p=q@h/d?sslmode=require",
            {"DATABASE_URL": "postgresql://u:p=q@h/d?sslmode=require"},
        ),
        ("OPENAI_API_KEY=", {}),
        ("OPENAI_API_KEY=''", {}),
        ("OPENAI_API_KEY= # none", {}),
        ("OPENAI_API_KEY=a\nOPENAI_API_KEY=b", {"OPENAI_API_KEY": "b"}),
    ],
)
def test_an_env_file_gives_its_values(text: str, values: dict[str, str]) -> None:
    assert parse_env_file(text) == values


@pytest.mark.parametrize(
    ("text", "line", "because"),
    [
        ("s3cret", 1, "it is not KEY=value"),
        ("# first\n\nOPENAI_API_KEY: s3cret", 3, "it is not KEY=value"),
        ("OPENAI_API_KEY='s3cret", 1, "its quote does not end"),
        ('OPENAI_API_KEY="s3cret\\"', 1, "its quote does not end"),
        ("OPENAI_API_KEY='s3cret'x", 1, "there is something after the closing quote"),
        ("OPENAI_KEY=s3cret", 1, "there is no setting OPENAI_KEY"),
        ("s3cret0==", 1, "there is no such setting"),
        ("1KEY=s3cret", 1, "it is not KEY=value"),
    ],
)
def test_a_malformed_line_is_named_without_its_value(text: str, line: int, because: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_env_file(text)
    error = caught.value
    assert error.what == f"line {line} of the env file cannot be used"
    assert error.because == because
    assert "s3cret" not in f"{error.what}{error.because}{error.hint}{error.details}"
