import subprocess
import sys

import pytest

from todoctl.mask import mask


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (
            "cannot connect to postgresql://todo:s3cr%21et@db:5432/todo",
            "cannot connect to postgresql://todo:***@db:5432/todo",
        ),
        ("postgresql+psycopg://todo:a@b@db/todo", "postgresql+psycopg://todo:***@db/todo"),
        ("GET http://todo-backend:8000/health", "GET http://todo-backend:8000/health"),
        ("Authorization: Bearer abc.def-ghi_jkl", "Authorization: Bearer ***"),
        ("key sk-proj-0123456789abcdef rejected", "key *** rejected"),
        ("jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0 expired", "jwt *** expired"),
        ("jwt eyJhbGciOi without its end", "jwt *** without its end"),
        ("the key is called eyJ", "the key is called eyJ"),
        ('{"password": "hunter2", "user": "todo"}', '{"password": ***, "user": "todo"}'),
        ("BETTER_AUTH_SECRET=abcdef refused", "BETTER_AUTH_SECRET=*** refused"),
        ("api_key: abc, next", "api_key: ***, next"),
        ("password authentication failed for user todo", "password authentication failed for user todo"),
        (
            "couldn't find key app-password in Secret ns/todo-postgres",
            "couldn't find key app-password in Secret ns/todo-postgres",
        ),
        ('secret "todo-secrets" not found', 'secret "todo-secrets" not found'),
        (
            "kubeadm join 10.0.0.2:8443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:0f1e",
            "kubeadm join 10.0.0.2:8443 --token *** --discovery-token-ca-cert-hash sha256:0f1e",
        ),
        ("[bootstrap-token] Using token: abcdef.0123456789abcdef", "[bootstrap-token] Using token: ***"),
        ("created abcdef.0123456789abcdef, for a day", "created ***, for a day"),
        ("(abcdef.0123456789abcdef)", "(***)"),
        ("kubeadm join --control-plane --certificate-key 0f1e2d", "kubeadm join --control-plane --certificate-key ***"),
        ("kubeadm join --discovery-token=s3cr3t --v=5", "kubeadm join --discovery-token=*** --v=5"),
        ("kubectl create --docker-password 'correct horse' --v 5", "kubectl create --docker-password *** --v 5"),
        ("give it by `--password`, or in a file", "give it by `--password`, or in a file"),
        ("--token-ttl 24h --certificate-keys 3", "--token-ttl 24h --certificate-keys 3"),
        # An Event is named after its object.
        ("event todo-backend.18a1b2c3d4e5f6a7", "event todo-backend.18a1b2c3d4e5f6a7"),
        ("event b-abcdef.18a1b2c3d4e5f6a7", "event b-abcdef.18a1b2c3d4e5f6a7"),
        (
            "at abcdef.0123456789abcdef-x and v1.abcdef.0123456789abcdef",
            "at abcdef.0123456789abcdef-x and v1.abcdef.0123456789abcdef",
        ),
        ('{"auths": {"r": {"auth": "YWRhOmh1bnRlcjI="}}}', '{"auths": {"r": {"auth": "***"}}}'),
        (r'"{\"r\":{\"auth\":\"YWRhOmh1bnRlcjI=\"}}"', r'"{\"r\":{\"auth\":"***"}}"'),
        (r'"{\\\"auth\\\": \\\"YWRhOmh1bnRlcjI=\\\"}"', r'"{\\\"auth\\\": "***"}"'),
        ('"identitytoken": "0f1e2d"', '"identitytoken": ***'),
        ('auth: ok, "authority": "x"', 'auth: ok, "authority": "x"'),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_the_rest_is_not(line: str, masked: str) -> None:
    assert mask(line) == masked


HOSTILE = [
    *("a", "a.", "a-", "a+", "a:", "a@", "://", "a://b:", "a://b:c@", "bearer ", "bearer\t\t", "basic a", "sk-"),
    *("eyJ-", "eyJa.", "eyJ-a.b.", "eyJaaaaaaaa.", "password", "my_token_", "password ", 'password="', "password='\""),
    *("secret: ", "token=a,", "api_key", "password_of_all_", " ", '"'),
    *("--token", "--token ", '--token "', "--token '", "--a-", "abcdef.", "abcdef.0123456789abcdef"),
    *('"auth":', '"auth" ', '"auth": "', '"auth\\', "\\"),
]


def test_a_line_of_a_megabyte_that_is_made_to_be_slow_to_look_at_is_not() -> None:
    looks = "import sys; from todoctl.mask import mask; [mask(unit * (2**20 // len(unit))) for unit in sys.argv[1:]]"
    # Seconds, where one whose work grows by the line's square takes an hour.
    subprocess.run([sys.executable, "-c", looks, *HOSTILE], check=True, timeout=300)


@pytest.mark.parametrize(
    "word", ["a" * 65_536, "password" * 8_192, "my_token_" * 8_192], ids=["a", "password", "token"]
)
def test_a_name_is_found_at_the_end_of_a_word_as_long_as_a_log(word: str) -> None:
    assert mask(word) == word
    assert mask(f"{word}_password_of_all=hunter2 {word}") == f"{word}_password_of_all=*** {word}"
