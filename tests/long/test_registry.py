"""Staging on a cluster elsewhere: a second profile plays it, while the first one is stopped.

The registry is Debian's, over TLS under one name that this host and the node both resolve and trust. So this wants
root, for /etc/hosts and /etc/docker/certs.d, and puts both back. The database speaks TLS as well, verified in full.
"""

import json
import os
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest
import registry

from harness import PROFILE, Browser, Kubectl, Todoctl, command, until

pytestmark = [
    pytest.mark.minikube,
    pytest.mark.skipif(registry.missing() is not None, reason=registry.missing() or ""),
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to name a registry for this host"),
]

REMOTE = "t-remote"
NAME, PORT = "registry.todoctl.test", 5443
HOST, NAMESPACE = "staging.todo-app.com", "t-remote"
DATABASE = "postgres.t-database"
CONSENT, SECRETS, REGISTRY = 10, 11, 15


@pytest.fixture(scope="module")
def remote():
    """A running second profile, with the addons that a cluster elsewhere has of itself; the first one is stopped."""
    running = command("minikube", "status", "-p", PROFILE, "-o", "json", check=False).count('"Running"') > 1
    command("minikube", "stop", "-p", PROFILE, check=False)
    try:
        command("minikube", "start", "-p", REMOTE, "--keep-context", "--cpus=2", "--memory=4096mb")
        for addon in ("ingress", "metrics-server"):
            command("minikube", "addons", "enable", addon, "-p", REMOTE)
        yield Kubectl(REMOTE)
    finally:
        command("minikube", "delete", "-p", REMOTE)
        if running:
            command("minikube", "start", "-p", PROFILE, "--keep-context")


@pytest.fixture(scope="module")
def served(remote, tmp_path_factory):
    """The registry, listening where the node's network meets this host, and trusted by both."""
    network = json.loads(command("docker", "network", "inspect", REMOTE))
    gateway = network[0]["IPAM"]["Config"][0]["Gateway"]
    hosts, before = Path("/etc/hosts"), Path("/etc/hosts").read_bytes()
    trusted = Path("/etc/docker/certs.d") / f"{NAME}:{PORT}"
    with registry.running(tmp_path_factory.mktemp("registry"), name=NAME, listen=gateway, port=PORT) as served:
        try:
            with hosts.open("ab") as file:
                file.write(f"\n{gateway} {NAME}\n".encode())
            trusted.mkdir(parents=True)
            (trusted / "ca.crt").write_bytes(served.certificate.read_bytes())
            on_node(f"echo '{gateway} {NAME}' >> /etc/hosts; mkdir -p /etc/containerd/certs.d/{NAME}:{PORT}")
            folder = f"/etc/containerd/certs.d/{NAME}:{PORT}"
            on_node(f"cat > {folder}/ca.crt", served.certificate.read_text())
            on_node(
                f"cat > {folder}/hosts.toml",
                f'server = "https://{NAME}:{PORT}"\n[host."https://{NAME}:{PORT}"]\n  ca = "{folder}/ca.crt"\n',
            )
            yield served
        finally:
            hosts.write_bytes(before)
            (trusted / "ca.crt").unlink(missing_ok=True)
            trusted.rmdir()


def on_node(script, stdin=""):
    command("docker", "exec", "-i", REMOTE, "sh", "-c", script, input=stdin)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, and certificates of its own for the database and for the app's host."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words):
        command("openssl", *words, cwd=folder)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=t-remote CA",
            "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
    for name in (DATABASE, HOST):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")  # fmt: skip
        (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
        openssl("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "names", "-out", f"{name}.pem")  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def database(remote, certificates):
    """The URL of a Postgres that takes connections over TLS alone."""
    with subprocess.Popen(["docker", "save", "postgres:17"], stdout=subprocess.PIPE) as saved:
        importing = ["docker", "exec", "-i", REMOTE, "ctr", "-n", "k8s.io", "images", "import", "-"]
        subprocess.run(importing, stdin=saved.stdout, check=True, capture_output=True)
    remote("create", "namespace", "t-database")
    remote(
        *("create", "secret", "tls", "certificate", "-n", "t-database"),
        *("--cert", str(certificates / f"{DATABASE}.pem"), "--key", str(certificates / f"{DATABASE}.key")),
    )
    hba = "hostssl all all all scram-sha-256\nhost all all 127.0.0.1/32 reject\nlocal all all trust\n"
    remote("create", "configmap", "hba", "-n", "t-database", f"--from-literal=pg_hba.conf={hba}")
    arguments = ["postgres", "-c", "ssl=on", "-c", "hba_file=/hba/pg_hba.conf"]
    arguments += ["-c", "ssl_cert_file=/tls/tls.crt", "-c", "ssl_key_file=/tls/tls.key"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "postgres", "namespace": "t-database", "labels": {"app": "postgres"}},
        "spec": {
            "securityContext": {"fsGroup": 999},
            "containers": [
                {
                    "name": "postgres",
                    "image": "postgres:17",
                    "imagePullPolicy": "Never",
                    "args": arguments,
                    "env": [
                        {"name": "POSTGRES_USER", "value": "todo"},
                        {"name": "POSTGRES_PASSWORD", "value": "only-for-this-test"},
                        {"name": "POSTGRES_DB", "value": "todo"},
                    ],
                    "readinessProbe": {
                        "exec": {"command": ["pg_isready", "-h", "127.0.0.1", "-U", "todo"]},
                        "periodSeconds": 1,
                    },
                    "volumeMounts": [{"name": "tls", "mountPath": "/tls"}, {"name": "hba", "mountPath": "/hba"}],
                }
            ],
            "volumes": [
                {"name": "tls", "secret": {"secretName": "certificate", "defaultMode": 0o640}},
                {"name": "hba", "configMap": {"name": "hba"}},
            ],
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "postgres", "namespace": "t-database"},
        "spec": {"selector": {"app": "postgres"}, "ports": [{"port": 5432}]},
    }
    for item in (pod, service):
        remote("apply", "-f", "-", input=json.dumps(item))
    remote("wait", "-n", "t-database", "pod/postgres", "--for=condition=Ready", "--timeout=120s")
    return f"postgresql://todo:only-for-this-test@{DATABASE}:5432/todo"


@pytest.fixture(scope="module")
def todoctl_there(served, zipapp):
    return Todoctl(zipapp, "t-nobody")


@pytest.fixture(scope="module")
def install(todoctl_there, database, certificates, tmp_path_factory, remote):
    """Return a function that installs staging there, with further arguments."""
    folder = tmp_path_factory.mktemp("env")
    (folder / "staging.env").write_text(f"DATABASE_URL={database}?sslmode=verify-full\n")
    remote("create", "namespace", NAMESPACE)
    remote(
        *("create", "secret", "tls", "todo-app-tls", "-n", NAMESPACE),
        *("--cert", str(certificates / f"{HOST}.pem"), "--key", str(certificates / f"{HOST}.key")),
    )
    given = ["--env-file", str(folder / "staging.env"), "--database-ca", str(certificates / "ca.pem")]

    def run(*further, secrets=True, to=f"{NAME}:{PORT}/team"):
        words = ["install", "-e", "staging", "--context", REMOTE, "-n", NAMESPACE, "--registry", to]
        return todoctl_there(*words, *(given if secrets else []), *further, "-o", "json")

    return run


def test_doctor_looks_at_what_an_install_there_needs(todoctl_there):
    words = there("doctor", "-o", "json")
    found = {one["id"]: one for one in todoctl_there(*words).data["checks"]}
    assert found["cluster.minikube"]["status"] == "fatal"
    found = {one["id"]: one for one in todoctl_there(*words, "--yes-really").data["checks"]}
    assert {found[one]["status"] for one in ("cluster.minikube", "cluster.architecture", "cluster.host")} == {"ok"}
    assert HOST in found["cluster.host"]["found"]


def test_a_minikube_is_refused_without_yes_really_and_nothing_is_pushed(install, served):
    outcome = install("--yes")
    assert outcome.code == CONSENT, outcome.err
    assert "--yes-really" in outcome.err
    assert catalogue(served) == []


def test_without_a_database_nothing_is_built_or_pushed(install, served):
    outcome = install("--yes-really", secrets=False)
    assert outcome.code == SECRETS, outcome.err
    assert "\nBuild" not in outcome.err
    assert catalogue(served) == []


def catalogue(served):
    """Ask the registry what it has."""
    trust = ssl.create_default_context(cafile=str(served.certificate))
    with urllib.request.urlopen(f"https://{served.address}/v2/_catalog", context=trust, timeout=10) as answer:
        return json.load(answer)["repositories"] or []


@pytest.fixture(scope="module")
def installed_there(install):
    outcome = install("--yes-really")
    assert outcome.code == 0, outcome.err
    return outcome


def test_the_images_are_pushed_and_every_pod_names_them_by_digest(installed_there, remote, served):
    pushed = installed_there.data["pushed"]
    assert [one["pushed"] for one in pushed] == [True, True]
    assert catalogue(served) == ["team/todo-backend", "team/todo-frontend"]
    pinned = {one["pinned"] for one in pushed}
    assert all(one.startswith(f"{NAME}:{PORT}/team/todo-") and "@sha256:" in one for one in pinned)
    pods = remote.json("get", "pods", "-n", NAMESPACE)["items"]
    found = {c["image"] for pod in pods for c in [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]}
    assert found == pinned
    assert "only-for-this-test" not in installed_there.out + installed_there.err


def test_the_manifests_that_are_printed_name_them_so_too(installed_there, todoctl_there):
    printed = todoctl_there("manifests", "-e", "staging", "--registry", f"{NAME}:{PORT}/team", "-o", "json")
    assert printed.code == 0, printed.err
    templates = [one["spec"]["template"]["spec"] for one in printed.data["objects"] if one["kind"] == "Deployment"]
    found = {c["image"] for pod in templates for c in [*pod["initContainers"], *pod["containers"]]}
    assert found == {one["pinned"] for one in installed_there.data["pushed"]}


def test_the_app_answers_over_tls_with_its_database_verified_in_full(installed_there, remote, certificates):
    browser = Browser(command("minikube", "ip", "-p", REMOTE).strip(), HOST, certificates / "ca.pem")
    assert until(lambda: answered(browser, "/healthz", 200), seconds=60)
    assert browser.sign_up("remote@example.org")[0] == 200
    assert browser.titles() == []
    sessions = "select distinct application_name, ssl from pg_stat_ssl join pg_stat_activity using (pid)"
    rows = remote("exec", "-n", "t-database", "postgres", "--", "psql", "-U", "todo", "-Atc", sessions).split()
    assert {"todo-backend|t", "todo-frontend|t"} <= set(rows)
    assert not [row for row in rows if row.startswith("todo-") and row.endswith("|f")]


def answered(browser, path, wanted):
    status, body = browser("GET", path)
    assert status == wanted
    return body


def test_what_runs_and_where_it_leads_is_told(installed_there, todoctl_there):
    access = installed_there.data["access"]
    assert access["url"] == f"https://{HOST}"
    assert access["answered"] is False
    status = todoctl_there("status", "-e", "staging", "--context", REMOTE, "-n", NAMESPACE, "-o", "json")
    assert status.code == 0, status.err
    assert status.data["urls"] == [f"https://{HOST}"]


def test_a_second_install_pushes_and_changes_nothing(installed_there, install):
    again = install("--yes-really", secrets=False)
    assert again.code == 0, again.err
    assert [one["pushed"] for one in again.data["pushed"]] == [False, False]
    assert again.data["changed"] is False


def there(*verb):
    """Return a verb with what it needs to be about that installation."""
    return *verb, "-e", "staging", "--context", REMOTE, "-n", NAMESPACE


def test_a_secret_is_set_there_and_the_pods_run_with_it(installed_there, todoctl_there, remote, tmp_path):
    (tmp_path / "key.txt").write_text("sk-only-for-this-test")
    words = there("secrets", "set", "openai-api-key", "--from-file", str(tmp_path / "key.txt"), "-o", "json")
    assert todoctl_there(*words).code == CONSENT
    done = todoctl_there(*words, "--yes-really")
    assert done.code == 0, done.err
    assert done.data["rolled"] == ["todo-backend", "todo-frontend"]
    version = remote.json("get", "secret", "todo-secrets", "-n", NAMESPACE)["metadata"]["resourceVersion"]
    pods = remote.json("get", "pods", "-n", NAMESPACE)["items"]
    assert {pod["metadata"]["annotations"]["todoctl.dev/secrets-version"] for pod in pods} == {version}


def test_the_database_there_is_not_todoctls_to_rotate(installed_there, todoctl_there):
    refused = todoctl_there(*there("secrets", "rotate", "database", "--yes-really", "-o", "json"))
    assert refused.error["id"] == "database.elsewhere", refused.err


def test_a_registry_that_is_not_there_stops_the_install_and_the_app_runs_on(installed_there, install, remote):
    before = remote("get", "pods", "-n", NAMESPACE, "-o", "name")
    outcome = install("--yes-really", to="absent.todoctl.test:5443/team")
    assert outcome.code == REGISTRY, outcome.err
    assert "absent.todoctl.test:5443" in outcome.err
    assert outcome.error["id"] == "push.no-host"
    assert remote("get", "pods", "-n", NAMESPACE, "-o", "name") == before


def test_uninstall_removes_it_only_with_yes_really(installed_there, todoctl_there, remote):
    assert todoctl_there(*there("uninstall")).code == CONSENT
    assert len(remote("get", "deployments", "-n", NAMESPACE, "-o", "name").split()) == 2
    removed = todoctl_there(*there("uninstall", "--yes-really"))
    assert removed.code == 0, removed.err
    assert remote("get", "deployments,ingresses", "-n", NAMESPACE, "-o", "name") == ""
