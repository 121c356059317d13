"""A broken world, one row at a time: one clear error, its exit code, no traceback, nothing half done."""

import json
import shutil

import pytest

from harness import NAMESPACE, PROFILE, command

pytestmark = pytest.mark.minikube

USAGE, PREFLIGHT, CLUSTER, CONSENT, SECRETS = 2, 4, 7, 10, 11


def check(outcome, code, *words):
    assert outcome.code == code, outcome.err
    assert outcome.err.count("error: ") == 1
    assert "hint: " in outcome.err
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err


@pytest.fixture
def only(tmp_path):
    """Return a function that makes a PATH with nothing but the named programs on it."""

    def path(*programs):
        for program in programs:
            (tmp_path / program).symlink_to(shutil.which(program))
        return str(tmp_path)

    return path


def test_no_docker_command(todoctl, only):
    check(todoctl("install", PATH=only("minikube", "kubectl")), PREFLIGHT, "there is no `docker` command")


def test_docker_does_not_answer(todoctl, tmp_path):
    check(todoctl("install", DOCKER_HOST=f"unix://{tmp_path}/nobody.sock"), PREFLIGHT, "Docker does not answer")


def test_no_minikube_command(todoctl, only):
    check(todoctl("install", PATH=only("docker")), PREFLIGHT, "there is no `minikube` command")


def test_a_profile_that_is_not_there_is_made_only_after_a_yes(todoctl):
    check(todoctl("install", "-p", "t-nobody"), CONSENT, "nothing was done", "`--yes`")
    assert "t-nobody" not in command("minikube", "profile", "list", "-o", "json", "--light")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("OPENAI_API_KEY=sk-1\nthis is no setting\n", ["line 2"]),
        ("OPENAI_API_KEY='sk-secret\n", ["line 1", "quote"]),
        ("AWS_KEY=hush-hush\n", ["line 1", "AWS_KEY"]),
    ],
    ids=["a line that is no setting", "a quote that is not closed", "a setting that todoctl does not know"],
)
def test_a_malformed_env_file(todoctl, tmp_path, content, words):
    file = tmp_path / ".env"
    file.write_text(content)
    outcome = todoctl("install", "--env-file", str(file))
    check(outcome, USAGE, *words)
    assert "sk-secret" not in outcome.err
    assert "hush-hush" not in outcome.err


def test_an_env_file_that_is_not_there(todoctl, tmp_path):
    check(todoctl("install", "--env-file", str(tmp_path / "absent")), USAGE, "absent")


def test_a_kubeconfig_that_cannot_be_read(todoctl, installed, tmp_path):
    file = tmp_path / "config"
    file.write_text("{not yaml")
    check(todoctl("status", KUBECONFIG=str(file)), CLUSTER, str(file))


def test_a_client_certificate_that_the_cluster_does_not_know(todoctl, installed, tmp_path):
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/O=system:masters/CN=me"]
    command(*new, "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "pem"))
    config = json.loads(command("kubectl", "config", "view", "--raw", "--minify", "--context", PROFILE, "-o", "json"))
    user = {"client-certificate": str(tmp_path / "pem"), "client-key": str(tmp_path / "key")}
    config["users"] = [{"name": config["contexts"][0]["context"]["user"], "user": user}]
    file = tmp_path / "config"
    file.write_text(json.dumps(config))
    outcome = todoctl("status", "-o", "json", KUBECONFIG=str(file))
    assert (outcome.code, outcome.error["id"]) == (CLUSTER, "cluster.unauthorized"), outcome.err
    assert "credentials are not valid here" in outcome.error["hint"]


def test_a_context_that_is_not_there(todoctl, installed):
    check(todoctl("install", "--context", "elsewhere"), CLUSTER, "elsewhere")


def test_a_context_of_another_cluster(todoctl, installed, tmp_path):
    # The same cluster, whose node says that it belongs to another profile.
    label = "minikube.k8s.io/name"
    command("kubectl", "--context", PROFILE, "label", "node", PROFILE, f"{label}=other", "--overwrite")
    try:
        check(todoctl("install"), PREFLIGHT, f"context `{PROFILE}` is not of Minikube profile `{PROFILE}`", "`other`")
    finally:
        command("kubectl", "--context", PROFILE, "label", "node", PROFILE, f"{label}={PROFILE}", "--overwrite")


def test_no_default_storage_class(todoctl, installed, kubectl):
    default = "storageclass.kubernetes.io/is-default-class"
    kubectl("annotate", "storageclass", "standard", f"{default}=false", "--overwrite")
    try:
        check(todoctl("install"), PREFLIGHT, "no default storage class")
    finally:
        kubectl("annotate", "storageclass", "standard", f"{default}=true", "--overwrite")


def test_lost_secrets_beside_a_kept_volume_are_never_made_anew(todoctl, installed, kubectl):
    kept = kubectl.json("get", "secret", "todo-postgres", "-n", NAMESPACE)
    kept["metadata"] = {key: kept["metadata"][key] for key in ("name", "namespace", "labels")}
    kubectl("delete", "secret", "todo-postgres", "-n", NAMESPACE)
    try:
        check(todoctl("install"), SECRETS, "todo-postgres", "uninstall --data")
        assert "todo-postgres" not in kubectl("get", "secrets", "-n", NAMESPACE, "-o", "name")
    finally:
        kubectl("create", "-f", "-", input=json.dumps(kept))
    assert todoctl("install").code == 0


def test_a_host_that_another_installation_has(todoctl, installed):
    check(todoctl("install", "-n", "t-second"), PREFLIGHT, "host `todo-app.local` is taken", "`--host`")
