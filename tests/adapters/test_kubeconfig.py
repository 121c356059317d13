from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from todoctl.adapters import kubeconfig
from todoctl.errors import ClusterError


def config(name: str = "lab", server: str = "http://lab", **user: Any) -> dict[str, Any]:
    return {
        "current-context": "another",
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": user}],
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config"


def write(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


def failure(context: str, path: Path | None) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        kubeconfig.load(context, path)
    return caught.value


def test_the_context_that_is_asked_for_counts_and_not_the_current_one(path: Path) -> None:
    connection = kubeconfig.load("lab", write(path, config(server="http://lab/")))
    assert (connection.context, connection.server) == ("lab", "http://lab")


@pytest.mark.parametrize(
    ("extensions", "told"),
    [
        ([{"name": "cluster_info", "extension": {"provider": "minikube.sigs.k8s.io", "version": "v1.38.1"}}], True),
        ([{"name": "x", "extension": None}, {"name": "y", "extension": {"provider": "minikube.sigs.k8s.io"}}], True),
        ([{"name": "cluster_info", "extension": {"provider": "another"}}, {"name": "x", "extension": "text"}], False),
        ([], False),
        (None, False),
    ],
)
def test_a_cluster_that_minikube_wrote_into_the_file_is_known_as_such(
    path: Path, extensions: Any, told: object
) -> None:
    content = config()
    assert kubeconfig.load("lab", write(path, content)).minikube is False
    content["clusters"][0]["cluster"]["extensions"] = extensions
    assert kubeconfig.load("lab", write(path, content)).minikube is told


def test_a_contexts_server_is_told_without_signing_in_and_nothing_where_there_is_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/plugin"}
    monkeypatch.setenv("KUBECONFIG", str(write(path, config(server="https://lab:6443", exec=plugin))))
    assert kubeconfig.server("lab") == "https://lab:6443"
    assert kubeconfig.server("another") is None
    path.write_text("a: [")
    assert kubeconfig.server("lab") is None
    path.unlink()
    assert kubeconfig.server("lab") is None


def test_of_several_files_the_first_entry_of_a_name_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(tmp_path / "first", config(server="http://first"))
    second = write(tmp_path / "second", config(server="http://second"))
    third = write(tmp_path / "third", config("other", server="http://other"))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (tmp_path / "absent", first, second, third))))
    assert kubeconfig.load("lab").server == "http://first"
    assert kubeconfig.load("other").server == "http://other"


def test_without_kubeconfig_the_file_in_the_home_folder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    write(tmp_path / ".kube" / "config", config())
    assert kubeconfig.load("lab").server == "http://lab"


@pytest.mark.parametrize("named", ["", "~no-such-user/config"], ids=["default", "in KUBECONFIG"])
def test_a_home_folder_that_is_not_there_is_an_error(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("KUBECONFIG", named)
    monkeypatch.setattr(Path, "home", no_home)
    error = failure("lab", None)
    assert (error.id, error.what) == ("cluster.kubeconfig", "cannot tell where the kubeconfig is")
    assert error.hint


def test_an_unknown_context_is_an_error_that_names_the_known_ones(path: Path) -> None:
    error = failure("other", write(path, config()))
    assert (error.id, error.because) == ("cluster.context", f"`{path}` has `lab`")


@pytest.mark.parametrize(
    ("content", "because"),
    [
        ("a: [s3cret", "it is not YAML (line 1)"),
        ("- a\n- b", "'list' object has no attribute 'get'"),
        (b"\xff\xfe", None),
        (yaml.safe_dump({**config(), "clusters": []}), "context `lab` refers to no cluster with a server"),
        (yaml.safe_dump({**config(), "users": []}), "context `lab` refers to a user that is not there"),
        (yaml.safe_dump(config(server="https://lab", **{"client-certificate-data": "%"})), None),
        (yaml.safe_dump(config(server="https://lab", **{"client-certificate": "absent.crt"})), None),
    ],
    ids=["no YAML", "a list", "no text", "no cluster", "no user", "no base64", "no certificate"],
)
def test_a_kubeconfig_that_cannot_be_used_is_an_error(path: Path, content: str | bytes, because: str | None) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    error = failure("lab", path)
    assert (error.id, error.what) == ("cluster.kubeconfig", f"cannot use kubeconfig `{path}`")
    assert error.because if because is None else error.because == because
    assert "s3cret" not in str(error.because)


def test_a_kubeconfig_that_is_not_there_is_an_error(path: Path) -> None:
    assert "No such file" in str(failure("lab", path).because)


def test_relative_paths_start_at_the_kubeconfig(path: Path) -> None:
    (path.parent / "token").write_text("t0ken\n")
    connection = kubeconfig.load("lab", write(path, config(tokenFile="token")))
    assert connection.authorization == "Bearer t0ken"
    assert "t0ken" not in repr(connection)


def test_a_name_and_password_are_sent_as_such(path: Path) -> None:
    connection = kubeconfig.load("lab", write(path, config(username="me", password="p")))
    assert connection.authorization == "Basic bWU6cA=="


def test_an_open_id_token_signs_in(path: Path) -> None:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'none'})}.{part({'exp': 32503680000})}.c2lnbmF0dXJl"
    provider = {"name": "oidc", "config": {"id-token": token, "idp-issuer-url": "https://lab"}}
    connection = kubeconfig.load("lab", write(path, config(**{"auth-provider": provider})))
    assert connection.authorization == f"Bearer {token}"
    assert token not in repr(connection)


@pytest.mark.parametrize(
    "provider", [{"name": "gcp"}, {"name": "oidc"}, {"name": "oidc", "config": {"id-token": "hush"}}, {"name": "other"}]
)
def test_an_auth_provider_without_a_token_is_an_error_that_quotes_nothing(path: Path, provider: dict[str, Any]) -> None:
    error = failure("lab", write(path, config(**{"auth-provider": provider})))
    assert error.id == "cluster.credentials"
    assert provider["name"] in str(error.because)
    assert "hush" not in str(error.because)


def plugin(source: str, **more: Any) -> dict[str, Any]:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-c", source],
            **more,
        }
    }


ANSWER = """
import json, os
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
token = asked["apiVersion"] + " " + os.environ["FLAVOUR"] + " " + asked["spec"]["cluster"]["server"]
print(json.dumps({"apiVersion": asked["apiVersion"], "kind": "ExecCredential", "status": {"token": token}}))
"""


def test_a_credential_plugin_is_asked_for_a_token(path: Path) -> None:
    user = plugin(ANSWER, env=[{"name": "FLAVOUR", "value": "mint"}], provideClusterInfo=True)
    connection = kubeconfig.load("lab", write(path, config(**user)))
    assert connection.authorization == "Bearer client.authentication.k8s.io/v1 mint http://lab"


@pytest.mark.parametrize(
    ("user", "because"),
    [
        (plugin("raise SystemExit('log in first')"), "exited 1 (log in first)"),
        (plugin("print('s3cret'); raise SystemExit(3)"), "exited 3 (it said nothing)"),
        (plugin("print('s3cret')"), "answered no ExecCredential with a token or a certificate"),
        (plugin("print('{\"status\": {}}')"), "answered no ExecCredential with a token or a certificate"),
        (plugin("", command="no-such-plugin"), "`no-such-plugin` cannot be started"),
    ],
    ids=["fails", "fails without a word", "answers no JSON", "answers no token", "is not there"],
)
def test_a_credential_plugin_that_fails_is_an_error(path: Path, user: dict[str, Any], because: str) -> None:
    error = failure("lab", write(path, config(**user)))
    assert (error.id, error.what) == ("cluster.credentials", "cannot sign in to context `lab`")
    assert because in str(error.because)
    assert "s3cret" not in str(error.because)
