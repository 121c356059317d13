"""The staging values by `helm install`: an external Postgres, and TLS by a certificate of the test's own."""

import json

import pytest

from harness import PROFILE, ROOT, Browser, becomes, command

pytestmark = pytest.mark.minikube

NAMESPACE, HOST = "t-staging", "staging.todo-app.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"),
        *("-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(folder / "key.pem"), "-out", str(folder / "crt.pem")),
    )
    return folder


@pytest.fixture(scope="module")
def staging(todoctl, kubectl, address, certificate, database_elsewhere):
    assert todoctl("uninstall", "--yes").code == 0, "two cores do not hold both"
    assert todoctl("load").code == 0
    try:
        kubectl("create", "namespace", NAMESPACE)
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "todo-secrets", "namespace": NAMESPACE},
            "stringData": {
                "database-url": database_elsewhere,
                "better-auth-secret": "made-up-for-this-test-and-long-enough",
            },
        }
        kubectl("apply", "-f", "-", input=json.dumps(secret))
        kubectl(
            *("create", "secret", "tls", "todo-app-tls", "-n", NAMESPACE),
            *("--cert", str(certificate / "crt.pem"), "--key", str(certificate / "key.pem")),
        )
        chart = ROOT / "bundled_manifests" / "chart"
        command(
            *("helm", "install", "todo-app", str(chart), "--kube-context", PROFILE, "--namespace", NAMESPACE),
            *("--values", str(chart / "values-staging.yaml"), "--wait", "--timeout", "9m"),
        )
        yield Browser(address, HOST, certificate / "crt.pem")
    finally:
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")


def test_https_answers_from_frontend_and_backend(staging):
    becomes(200, lambda: staging("GET", "/healthz")[0])
    becomes(401, lambda: staging("GET", "/api/tasks")[0])


def test_what_is_there_is_not_removed_from_a_minikube_without_yes_really(staging, todoctl, kubectl):
    named = ("-e", "staging", "--context", PROFILE, "-n", NAMESPACE)
    before = kubectl("get", "deployments,ingresses", "-n", NAMESPACE, "-o", "name")
    assert len(before.split()) == 3
    for refused in (todoctl("uninstall", "--data", "--yes", *named), todoctl("rollback", *named)):
        assert refused.code == 10, refused.err
        assert "--yes-really" in refused.err
    assert todoctl("uninstall", "-e", "staging", "-n", NAMESPACE).code == 2, "it needs --context"
    assert kubectl("get", "deployments,ingresses", "-n", NAMESPACE, "-o", "name") == before
    status = todoctl("status", *named, "-o", "json")
    assert status.data["urls"] == [f"https://{HOST}"]


def test_cookies_are_secure_and_carry_a_session(staging):
    status, body = staging.sign_up("grace@example.org")
    assert status == 200, body
    assert staging.set_cookie
    for line in staging.set_cookie:
        assert "secure" in line.lower().replace(" ", "").split(";"), line.partition("=")[0]
    assert staging.titles() == []


def test_the_ingress_asks_lets_encrypt_staging_for_its_certificate(staging, kubectl):
    ingress = kubectl.json("get", "ingress", "todo-app", "-n", NAMESPACE)
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt-staging"
    assert ingress["spec"]["tls"] == [{"hosts": [HOST], "secretName": "todo-app-tls"}]
