"""An app that is in use: another version and back, an outage, a model, figures and traces, in this order."""

import base64
import gzip
import json
import secrets
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
import yaml

from harness import ROOT, Browser, becomes, command, forwarded, is_ready, staying, until
from live import HOST, NAMESPACE, backend_image, backend_images, someone_at_work, traffic

pytestmark = pytest.mark.minikube

WATCH, STRANGE = (f"t-live-{name}-{secrets.token_hex(3)}" for name in ("watch", "strange"))
CONFLICT = 12
MODEL_PORT, COLLECTOR_PORT = 8080, 4318
BACKEND = ROOT / "app" / "backend" / "tests"
CODE = [ROOT / "tests" / "neighbour.py", *(BACKEND / f"{name}.py" for name in ("model_server", "serving", "postgres"))]
TRACED = {"todo-frontend", "todo-backend"}
"""The services that have a part in the trace of a request which comes through the frontend."""

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())"
CONNECT = """
const told = (word) => () => process.exit(console.log(word));
require("net").connect(3000, "127.0.0.1").on("connect", told("open")).on("error", told("refuses"));
"""
TRY = """
import json, socket, sys
def opened(address, port):
    try:
        socket.create_connection((address, port), 2).close()
    except OSError:
        return False
    return True
print(json.dumps([opened(*way) for way in json.loads(sys.argv[1])]))
"""


def sides(kubectl, got):
    """Return the image that gave each answer."""
    images = backend_images(kubectl)
    return [images[pod.rsplit("-", 1)[0]] for fault, pod in got if pod and not fault]


def only_runs(kubectl, image):
    pods = kubectl.json("get", "pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=todo-backend")["items"]
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {image}


@pytest.mark.parametrize("way", ["there", "back"])
def test_two_versions_serve_side_by_side_and_no_request_fails(live, next_version, bea, address, kubectl, tmp_path, way):
    before = backend_image(kubectl)
    with someone_at_work(address, tmp_path, "served"), traffic(bea) as got:
        outcome = next_version("install", "--yes", "--host", HOST) if way == "there" else live("rollback")
        assert outcome.code == 0, outcome.err
        after = backend_image(kubectl)
        until(lambda: only_runs(kubectl, after), seconds=300)
    assert [fault for fault, _ in got if fault] == []
    assert after != before
    served = sides(kubectl, got)
    assert set(served) == {before, after}
    assert before in served[served.index(after) :], "the new version has answered before the old one has ended"


def test_a_page_that_is_cut_off_says_so_and_recovers_by_itself(live, bea, address, kubectl, tmp_path):
    with someone_at_work(address, tmp_path, "cut-off"):
        kubectl("delete", "pods", "--now", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=todo-backend")
        kubectl("rollout", "status", "-n", NAMESPACE, "deployment/todo-backend", "--timeout=400s")
    assert (tmp_path / "cut-off.png").is_file()


@pytest.fixture(scope="module")
def key():
    return f"sk-{secrets.token_hex(16)}"


@pytest.fixture(scope="module")
def neighbour_address(live, kubectl, key):
    """Make two pods, in namespaces of their own; return the address of the one that the app is let to."""
    image = backend_image(kubectl)
    pods = {"neighbour": WATCH, "stranger": STRANGE}
    try:
        for name, namespace in pods.items():
            kubectl.make_namespace(namespace)
            kubectl("create", "configmap", "code", "-n", namespace, *(f"--from-file={file}" for file in CODE))
            kubectl("apply", "-f", "-", input=json.dumps(neighbour(name, namespace, image, key)))
        addresses = [address_of(kubectl, name, namespace) for name, namespace in pods.items()]
        yield addresses[0]
    finally:
        kubectl("delete", "namespace", WATCH, STRANGE, "--ignore-not-found", "--wait=false")


def neighbour(name, namespace, image, key):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "volumes": [{"name": "code", "configMap": {"name": "code"}}],
            "containers": [
                {
                    "name": "python",
                    "image": image,
                    "imagePullPolicy": "Never",
                    "command": ["python", "/code/neighbour.py"],
                    "env": [{"name": "KEY", "value": key}],
                    "volumeMounts": [{"name": "code", "mountPath": "/code"}],
                    "readinessProbe": {"tcpSocket": {"port": COLLECTOR_PORT}, "periodSeconds": 1},
                }
            ],
        },
    }


def address_of(kubectl, name, namespace):
    """Wait until the pod is ready, and return its address."""
    kubectl("wait", "--for=condition=Ready", f"pod/{name}", "-n", namespace, "--timeout=120s")
    return kubectl.json("get", "pod", name, "-n", namespace)["status"]["podIP"]


@pytest.fixture(scope="module")
def connected(live, bea, neighbour_address, kubectl, key, tmp_path_factory):
    """Connect the app with its neighbour: what the chart makes of its values, and what docs/app.md has for a model."""
    values = {
        "host": HOST,
        "metrics": {"namespace": WATCH},
        "tracing": {"endpoint": f"http://{neighbour_address}:{COLLECTOR_PORT}", "namespace": WATCH},
        "backend": {"assistant": {"baseUrl": f"http://{neighbour_address}:{MODEL_PORT}/v1", "model": "scripted"}},
    }
    chart = ("helm", "template", "todo-app", str(ROOT / "bundled_manifests" / "chart"), "-n", NAMESPACE, "-f", "-")
    made = list(yaml.safe_load_all(command(*chart, input=json.dumps(values))))
    [config] = [one for one in made if one["metadata"]["name"] == "todo-config"]
    policies = [one for one in made if one["metadata"]["name"] in {"allow-metrics", "allow-tracing"}]
    policies.append(documented_policy(f"{neighbour_address}/32", MODEL_PORT))
    try:
        for policy in policies:
            kubectl("apply", "-n", NAMESPACE, "-f", "-", input=json.dumps(policy))
        patch = json.dumps({"data": config["data"]})
        kubectl("patch", "configmap", "todo-config", "-n", NAMESPACE, "--type=merge", "-p", patch)
        file = tmp_path_factory.mktemp("key") / "key.txt"
        file.write_text(key)
        # Rolls the pods, which then have the ConfigMap's values too.
        outcome = live("secrets", "set", "openai-api-key", "--from-file", str(file))
        assert outcome.code == 0, outcome.err
        yield outcome
    finally:
        # A namespace with objects that are not the app's outlives its uninstall.
        names = [policy["metadata"]["name"] for policy in policies]
        kubectl("delete", "networkpolicies", "-n", NAMESPACE, "--ignore-not-found", *names)


def documented_policy(cidr, port):
    """Return the NetworkPolicy of docs/app.md, with another address and port."""
    text = (ROOT / "docs" / "app.md").read_text("utf-8")
    policy = yaml.safe_load(text.split("### A model of one's own")[1].split("```yaml\n")[1].split("```")[0])
    del policy["metadata"]["namespace"]
    [rule] = policy["spec"]["egress"]
    rule["to"][0]["ipBlock"]["cidr"] = cidr
    rule["ports"][0]["port"] = port
    return policy


def asked(browser, text):
    """Yield the events of the assistant's answer as they come."""
    body = {"text": text, "today": "2026-11-24", "time": "12:00"}
    for line in browser.lines("POST", "/api/assistant/messages", body, browser.token()):
        if line:
            yield {"type": line} if line.startswith(":") else json.loads(line.removeprefix("data: "))


def model_adds(browser, title):
    """Return the events of an answer; asks again where the way to the model is not open for a new pod yet."""

    def answered():
        events = list(asked(browser, title))
        kinds = [event["type"] for event in events]
        assert kinds == ["started", "text", "text", "changed", *["text"] * 5, "done"], events
        return events

    return until(answered, seconds=120)


def test_a_model_of_ones_own_answers_through_the_ingress_and_adds_a_task(connected, bea):
    events = model_adds(bea, "Feed the cat")
    assert events[0]["by"] == "model"
    assert "".join(event.get("text", "") for event in events) == "One moment. It is on your list. "
    assert events[3]["task"]["title"] == "Feed the cat"
    assert bea.titles()[0] == "Feed the cat"


def test_a_heartbeat_comes_through_the_ingress_while_the_model_thinks_and_leaving_stops_it(connected, bea):
    def left():
        events = []
        with closing(asked(bea, "patience")) as answer:
            for event in answer:
                events.append(event)
                if event["type"].startswith(":"):
                    break  # the rest is not heard: that it is never said shows that none of this came after its end
        assert [event["type"] for event in events] == ["started", "text", ": ping"]
        path = f"/api/conversations/{events[0]['conversation_id']}"

        def said():
            status, conversation = bea("GET", path, token=bea.token())
            assert status == 200
            return [(one["text"], one["stopped"]) for one in conversation["messages"][1:]]

        becomes([("first", True)], said, seconds=30)

    # Again, where the heartbeat, after 15 s, or the leaving came later than what the model said after 18 s.
    until(left, seconds=120)


def test_an_answer_is_heard_to_its_end_through_a_frontend_pod_that_has_to_go(connected, bea, todoctl, kubectl):
    model_adds(bea, "Comb the cat")
    body = {"text": "slowly", "today": "2026-11-24", "time": "12:00"}
    headers = {"Authorization": f"Bearer {bea.token()}", "Content-Type": "application/json"}
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    frontends = ("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=todo-frontend")
    going = [pod["metadata"]["name"] for pod in kubectl.json("get", *frontends)["items"]]

    def all_have_to_go():
        connect = ("-c", "frontend", "--", "node", "-e", CONNECT)
        told = [kubectl("exec", "-n", NAMESPACE, pod, *connect, check=False).strip() for pod in going]
        assert set(told) in ({"refuses"}, {"refuses", ""}), told  # SIGTERM has closed the door; some are gone already

    with forwarded(todoctl, "-n", NAMESPACE) as url:
        request = urllib.request.Request(f"{url}/api/assistant/messages", json.dumps(body).encode(), headers)
        with direct.open(request, timeout=30) as answer, ThreadPoolExecutor(1) as listener:
            rest = listener.submit(list, answer)
            kubectl("delete", *frontends, "--wait=false")
            until(all_have_to_go, seconds=40)
            assert not rest.done(), "the last word was still to come"
            fetch(kubectl, f"http://127.0.0.1:{COLLECTOR_PORT}/go-on")
            lines = [line for line in rest.result() if line.strip() and not line.startswith(b":")]
    kinds = [json.loads(line.removeprefix(b"data: "))["type"] for line in lines]
    assert kinds == ["started", *["text"] * 4, "done"]
    kubectl("rollout", "status", "-n", NAMESPACE, "deployment/todo-frontend", "--timeout=400s")


def test_the_key_is_in_no_log_and_no_object_but_its_secret(connected, bea, kubectl, key):
    def told():
        assert [event["type"] for event in asked(bea, "Brush the cat")][-1] == "done"
        # A pod that the autoscaler takes away meanwhile is passed over.
        options = ("--all-containers", "--tail=-1", "--ignore-errors")
        text = kubectl("logs", "-n", NAMESPACE, "-l", "app.kubernetes.io/part-of=todo-app", *options)
        assert "/api/assistant/messages" in text
        return text

    logs = until(told, seconds=180)
    kinds = "configmaps,deployments,replicasets,pods,events,ingresses,networkpolicies"
    objects = kubectl("get", kinds, "-n", NAMESPACE, "-o", "json")
    releases = [one["binaryData"].values() for one in json.loads(objects)["items"] if "binaryData" in one]
    packed = [gzip.decompress(base64.b64decode(value)).decode() for values in releases for value in values]
    assert packed
    assert [text for text in [logs, objects, *packed, connected.out, connected.err] if key in text] == []
    held = kubectl.json("get", "secret", "todo-secrets", "-n", NAMESPACE)["data"]["openai-api-key"]
    assert base64.b64decode(held).decode() == key


def test_an_install_does_not_silently_take_back_what_was_set_for_the_model(connected, live):
    refused = live("install", "--yes", "--host", HOST, "-o", "json")
    assert refused.code == CONFLICT, refused.err
    assert ".data.openai-base-url" in str(refused.error)


def pods_of(kubectl, name):
    """Return the addresses of those that are Ready."""
    return [pod["status"]["podIP"] for pod in staying(kubectl, NAMESPACE, name) if is_ready(pod)]


def fetch(kubectl, url):
    """Return what the neighbour finds there."""
    return kubectl("exec", "-n", WATCH, "neighbour", "--", "python", "-c", FETCH, url)


def test_the_figures_of_both_halves_are_read_from_the_allowed_namespace_alone(
    connected, neighbour_address, bea, address, kubectl
):
    def read(name, figure):
        bea("GET", "/api/tasks", token=bea.token())
        found = pods_of(kubectl, name)
        texts = [fetch(kubectl, f"http://{one}:9000/metrics") for one in found]
        assert len(texts) >= 2
        assert any(figure in text for text in texts)
        return found

    ways = []
    figures = {"todo-backend": "todo_requests_total{", "todo-frontend": "todo_frontend_auth_requests_total{"}
    for of in figures.items():
        # Again, where the autoscaler has taken away one that was just listed.
        ways += [(one, 9000) for one in until(partial(read, *of), seconds=180)]
    control = (neighbour_address, COLLECTOR_PORT)

    def opened(*tried):
        return json.loads(kubectl("exec", "-n", STRANGE, "stranger", "--", "python", "-c", TRY, json.dumps(tried)))

    becomes([True], lambda: opened(control))
    assert opened(*ways) == [False] * len(ways)
    for path in ("/metrics", "/api/metrics"):
        status, answer = Browser(address, HOST)("GET", path)
        assert status in {401, 404}, path
        assert "todo_requests" not in str(answer)
    services = kubectl.json("get", "services", "-n", NAMESPACE)["items"]
    assert 9000 not in [port["port"] for one in services for port in one["spec"]["ports"]]


def test_a_request_leaves_one_trace_at_the_collector(connected, todoctl, bea, kubectl):
    mark = secrets.token_hex(8)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with forwarded(todoctl, "-n", NAMESPACE) as url:
        headers = {"Authorization": f"Bearer {bea.token()}"}
        with direct.open(urllib.request.Request(f"{url}/api/tasks?q={mark}", headers=headers)) as answer:
            assert answer.status == 200

    def arrived():
        spans = json.loads(fetch(kubectl, f"http://127.0.0.1:{COLLECTOR_PORT}/spans"))
        traces = {span["trace"] for span in spans if mark in str(span["attributes"])}
        assert len(traces) == 1, spans[-3:]
        assert {span["service"] for span in spans if span["trace"] in traces} >= TRACED

    until(arrived, seconds=120)
