"""A report of a real namespace in which secrets are planted wherever they may end up."""

import base64
import json
import re
import secrets
import tarfile
import time
import zipfile
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from harness import PROFILE, Todoctl
from on_cluster import await_account
from todoctl.adapters import kinds
from todoctl.adapters.kubernetes import Cluster

pytestmark = pytest.mark.minikube

IMAGE = "python:3.12-slim"


def value(name: str) -> str:
    return f"{name}-{secrets.token_urlsafe(12)}/+ü"


PLANTED = {
    name: value(name) for name in ("password", "key", "url", "literal", "annotation", "proxy", "process", "file")
}
PROXY = f"http://ada:{quote(PLANTED['proxy'], safe='')}@proxy:3128"
URL = f"postgresql://todo:{quote(PLANTED['url'], safe='')}@db:5432/todo"
# Nobody's Secret: known by their shape alone.
PLANTED["bootstrap"] = f"{secrets.token_hex(3)}.{secrets.token_hex(8)}"
PLANTED["login"] = base64.b64encode(f"ada:{secrets.token_urlsafe(12)}".encode()).decode()
LOGIN = json.dumps({"auths": {"registry": {"auth": PLANTED["login"]}}})
TOLD = [
    f"kubeadm join cp:8443 --token {PLANTED['bootstrap']}",
    f"it is {PLANTED['bootstrap']}",
    LOGIN,
    json.dumps(LOGIN),
]

# What a program may do to a secret before it prints it.
TALK = """
import base64, json, os, urllib.parse
for name in ("APP_PASSWORD", "LICENCE", "OPENAI_API_KEY", "CONNECT_TO", "DATABASE_PASSWORD"):
    said = os.environ[name]
    print("plain", said)
    print("json", json.dumps({"it": said}))
    print("url", urllib.parse.quote(said), urllib.parse.quote(said, safe=""))
    for longer in (said, f"todo:{said}", f"a:{said}:b", f"{said}:pass"):
        print("base64", base64.b64encode(longer.encode()).decode(), base64.urlsafe_b64encode(longer.encode()).decode())
print(*json.loads(os.environ["TOLD"]), "the end of it", sep="\\n", flush=True)
import time; time.sleep(3600)
"""


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    cluster = Cluster.connect(PROFILE)
    name = f"t-report-{secrets.token_hex(4)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    await_account(name)
    data = {
        "app-password": PLANTED["password"],
        "licence": PLANTED["key"],
        "openai-api-key": PLANTED["file"],  # as `install --env-file` puts it there
        "database-url": URL,
    }
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": PLANTED["password"]}),
        "example.com/auth-token": PLANTED["annotation"],
        "example.com/note": f"it is {PLANTED['key']}",
    }
    metadata = {"name": "todo-secrets", "namespace": name, "annotations": annotations}
    cluster.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "todo-config", "namespace": name, "annotations": annotations},
            "data": {
                "url": URL,
                "log-level": "info",
                "proxy": f"http://ada:{quote(PLANTED['proxy'], safe='')}@proxy:3128",
            },
        }
    )
    reference = [
        {"name": env, "valueFrom": {"secretKeyRef": {"name": "todo-secrets", "key": key}}}
        for env, key in (("APP_PASSWORD", "app-password"), ("LICENCE", "licence"), ("OPENAI_API_KEY", "openai-api-key"))
    ]
    literal = [{"name": "CONNECT_TO", "value": URL}, {"name": "DATABASE_PASSWORD", "value": PLANTED["literal"]}]
    literal.append({"name": "TOLD", "value": json.dumps(TOLD)})
    container = {"name": "app", "image": IMAGE, "imagePullPolicy": "Never", "env": reference + literal}
    container["command"] = ["python", "-c", TALK]
    spec = {"terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [container]}
    metadata = {"name": "talker", "namespace": name, "labels": {"app.kubernetes.io/part-of": "todo-app"}}
    cluster.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "annotations": annotations}, "spec": spec}
    )
    end = time.monotonic() + 180
    while "the end of it" not in log(cluster, name):
        assert time.monotonic() < end, cluster.get(kinds.POD, "talker", name)
        time.sleep(0.5)
    yield name
    cluster.delete(kinds.NAMESPACE, name, propagation="Background")


def log(cluster: Cluster, namespace: str) -> str:
    pod = cluster.get(kinds.POD, "talker", namespace) or {}
    ready = any(entry.get("started") for entry in pod.get("status", {}).get("containerStatuses", ()))
    return cluster.logs(namespace, "talker", "app", tail=100) if ready else ""


def leaks(text: str, planted: str) -> list[str]:
    """Return where a value shows, by decoding whatever may be base64, from each of its first characters."""
    found = [
        form for form in (planted, quote(planted), quote(planted, safe=""), json.dumps(planted)[1:-1]) if form in text
    ]
    for run in re.findall(r"[A-Za-z0-9+/]{8,}", text.replace("-", "+").replace("_", "/")):
        for start in range(4):
            part = run[start:]
            # Its middle: the ends may be lost to what stands beside it.
            if planted.encode()[2:-3] in base64.b64decode(part[: len(part) // 4 * 4]):
                found.append(run)
    return found


@pytest.mark.parametrize("name", ["report.zip", "report.tar.gz"])
def test_no_planted_secret_is_in_any_file_of_a_report(todoctl: Todoctl, namespace: str, tmp_path, name: str) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={PLANTED['file']}\n")
    outcome = todoctl(
        *("doctor", "-n", namespace, "--report", str(tmp_path / name), "-o", "json"),
        HTTPS_PROXY=PROXY,
        NO_PROXY="*",
        DOCKER_AUTH_CONFIG=LOGIN,
        TODOCTL_API_KEY=PLANTED["process"],
    )
    report = outcome.data["report"]
    assert report["failed"] in ([], ["todoctl.log"]), outcome.err
    files = dict(read(tmp_path / name))
    assert {f"todoctl-report/{one}" for one in report["files"]} == set(files)
    assert len(files) > 25
    # It is a report all the same.
    assert "the end of it" in files["todoctl-report/logs/talker.app.log"]
    assert "app-password" in files["todoctl-report/objects/secrets.yaml"]
    assert "log-level: info" in files["todoctl-report/objects/configmaps.yaml"]
    assert "http://proxy:3128" in files["todoctl-report/environment.json"]
    assert "talker" in files["todoctl-report/status.json"]
    assert "kubelet" in files["todoctl-report/minikube/logs.txt"]
    found = {
        (file, what): where
        for file, text in files.items()
        for what, value in PLANTED.items()
        if (where := leaks(text, value))
    }
    assert found == {}
    assert not [name for name in files if "kubeconfig" in name]
    assert "client-key-data" not in "".join(files.values())


def read(path) -> Iterator[tuple[str, str]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from ((name, archive.read(name).decode()) for name in archive.namelist())
    else:
        with tarfile.open(path) as archive:
            yield from ((member.name, archive.extractfile(member).read().decode()) for member in archive)
