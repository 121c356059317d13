"""The cluster adapter against a server that misbehaves as no healthy API server would, over real sockets."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
import yaml

from todoctl.adapters import apiserver, kinds, kubeconfig
from todoctl.adapters.apiserver import (
    AlreadyExistsError,
    ApiError,
    FieldConflict,
    FieldConflictError,
    GoneError,
    StaleError,
)
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, ExitCode, LockedError

VERSION = {"gitVersion": "v1.35.4"}


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    wait: Callable[[], object] = lambda: None  # before it is given


def refusal(code: int, reason: str = "", message: str = "no", **details: Any) -> Answer:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
    return Answer(code, body)


@dataclass
class Server:
    """Answers each request with the next of `answers`, the last again and again; keeps what it was asked."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    certificates: list[str] = field(default_factory=list)
    date: str = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.script.connections.add(self.client_address)
        self.script.requests.append((self.command, self.path, dict(self.headers), body))
        if isinstance(self.connection, ssl.SSLSocket) and (shown := self.connection.getpeercert()):
            self.script.certificates.append(dict(pair[0] for pair in shown["subject"])["commonName"])
        answers = self.script.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer.wait()
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.script.date or super().date_time_string(timestamp)

    def log_message(self, *_: object) -> None:
        pass


def serve(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    script = Server("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    script.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield script
    server.shutdown()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serve()


Connect = Callable[..., Cluster]


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Make a Cluster of a server's URL; further arguments go into the kubeconfig's entries or to `connect`."""

    def make(url: str, *, cluster: Any = None, user: Any = None, **arguments: Any) -> Cluster:
        config = {
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "clusters": [{"name": "lab", "cluster": {"server": url, **(cluster or {})}}],
            "users": [{"name": "lab", "user": user or {}}],
        }
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(config))
        return Cluster.connect("lab", path, **arguments)

    return make


@pytest.fixture(autouse=True)
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here passes with proxies in the environment that do not answer."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")


@pytest.mark.parametrize(
    "first",
    [
        refusal(429, "TooManyRequests"),
        Answer(503, b"upstream is away"),
        refusal(500, "InternalError", "failed calling webhook"),
    ],
    ids=["busy", "away", "a webhook does not answer"],
)
def test_a_request_is_sent_again_while_that_can_help(server: Server, connect: Connect, first: Answer) -> None:
    server.answers = [first, first, Answer(200, VERSION)]
    assert connect(server.url).version() == "v1.35.4"
    assert len(server.requests) == 3
    assert len(server.connections) == 1, "the connection was not kept"


def test_the_pause_that_the_server_asks_for_is_kept(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(apiserver, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    server.answers = [Answer(429, {}, (("Retry-After", "7"),)), Answer(200, VERSION)]
    connect(server.url).version()
    assert pauses == [7]


@pytest.mark.parametrize(
    ("answer", "form", "id_"),
    [
        (refusal(403, "Forbidden", "User may not"), ApiError, "cluster.forbidden"),
        (refusal(409, "AlreadyExists"), AlreadyExistsError, "cluster.refused"),
        (refusal(409, "Conflict"), StaleError, "cluster.refused"),
        (refusal(410, "Expired"), GoneError, "cluster.refused"),
        (refusal(500, "", ".dada: field not declared in schema"), ApiError, "cluster.refused"),
        (Answer(404, b"<html>not an API server</html>"), ApiError, "cluster.refused"),
    ],
)
def test_a_refusal_is_typed_and_not_sent_again(
    server: Server, connect: Connect, answer: Answer, form: type[ClusterError], id_: str
) -> None:
    server.answers = [answer]
    with pytest.raises(form) as caught:
        connect(server.url).version()
    assert (caught.value.id, caught.value.what) == (id_, "cannot ask for the version")
    assert len(server.requests) == 1


def test_credentials_that_count_no_longer_are_read_again(server: Server, connect: Connect, tmp_path: Path) -> None:
    """As a token of 15 minutes is in a build and a rollout that take longer."""
    (tmp_path / "token").write_text("first")
    cluster = connect(server.url, user={"tokenFile": "token"})
    server.answers = [Answer(200, VERSION), refusal(401, "Unauthorized"), Answer(200, VERSION)]
    cluster.version()
    (tmp_path / "token").write_text("second")
    cluster.within(Deadline(10)).version()
    cluster.version()
    shown = [headers["Authorization"] for _, _, headers, _ in server.requests]
    assert shown == ["Bearer first", "Bearer first", "Bearer second", "Bearer second"]


def test_credentials_that_do_not_count_when_read_again_are_an_error(server: Server, connect: Connect) -> None:
    server.answers = [refusal(401, "Unauthorized")]
    with pytest.raises(ApiError) as caught:
        connect(server.url, user={"token": "t"}).version()
    assert (caught.value.id, caught.value.what) == ("cluster.unauthorized", "cannot ask for the version")
    assert len(server.requests) == 2


def test_credentials_are_never_read_again_for_another_server(server: Server, connect: Connect) -> None:
    server.answers = [refusal(401, "Unauthorized")]
    cluster = connect(server.url)
    connect("http://127.0.0.1:9")  # the kubeconfig has changed: a cluster made anew, say
    with pytest.raises(ApiError):
        cluster.version()
    assert cluster.server == server.url
    assert len(server.requests) == 1


def test_of_threads_that_are_refused_at_once_one_signs_in(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = connect(server.url)._server
    load, read = kubeconfig.load, []
    monkeypatch.setattr(kubeconfig, "load", lambda *names: read.append(names) or load(*names))
    refused = transport.connection
    assert transport._signed_in_again(refused)
    assert transport._signed_in_again(refused)
    assert len(read) == 1


def test_the_time_is_the_server_s(server: Server, connect: Connect) -> None:
    server.answers, server.date = [Answer(200, VERSION)], "Wed, 01 Jan 2020 00:00:00 GMT"
    cluster = connect(server.url)
    cluster.version()
    now = cluster.now()
    assert (now.year, now.month, now.day) == (2020, 1, 1)
    server.date = "not a date"
    assert cluster.version() == "v1.35.4"
    cluster._server._compare_clocks(urllib3.HTTPResponse())  # as a proxy may answer, without one
    assert cluster.now().year == now.year


def test_an_object_that_is_not_there_is_none(server: Server, connect: Connect) -> None:
    server.answers = [refusal(404, "NotFound")]
    cluster = connect(server.url)
    assert cluster.get(kinds.SECRET, "x", "ns") is None
    assert cluster.delete(kinds.SECRET, "x", "ns") is False


def test_trying_again_ends_at_the_deadline(server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apiserver, "RETRY_SECONDS", 600)
    server.answers = [Answer(503, {})]
    deadline = Deadline(100, clock=lambda: 40.0 * len(server.requests))
    with pytest.raises(ClusterError):
        connect(server.url).within(deadline).version()
    assert len(server.requests) == 3


def test_a_server_that_does_not_answer_is_an_error_at_the_deadline(server: Server, connect: Connect) -> None:
    server.answers = [Answer(200, VERSION, wait=lambda: time.sleep(20))]  # less than READ_SECONDS
    with pytest.raises(ClusterError) as caught:
        connect(server.url).within(Deadline(0.5)).version()
    assert caught.value.because == f"{server.url} gave no answer in time"


def test_a_write_asks_before_each_attempt_whether_it_may_be_sent(server: Server, connect: Connect) -> None:
    server.answers = [Answer(503, {})]
    asked: list[int] = []

    def once() -> Deadline:
        asked.append(len(server.requests))
        if len(asked) > 1:
            raise LockedError("lock.lost", "no longer")
        return Deadline(30)

    cluster = connect(server.url).guarded(once)
    with pytest.raises(LockedError, match="no longer"):
        cluster.patch(kinds.SECRET, "x", "ns", {})
    assert asked == [0, 1]
    assert len(server.requests) == 1, "the second attempt was sent"


def test_an_attempt_of_a_write_ends_when_others_may_write(server: Server, connect: Connect) -> None:
    server.answers = [Answer(200, VERSION, wait=lambda: time.sleep(20)), Answer(200, VERSION)]
    left = [0.3, 30]
    cluster = connect(server.url).guarded(lambda: Deadline(left.pop(0)))
    cluster.patch(kinds.SECRET, "x", "ns", {})
    assert len(server.requests) == 2, "the first attempt was not given up"
    assert cluster.version() == "v1.35.4", "what only reads asks nobody"


def test_a_handshake_that_broke_off_is_tried_again(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = urllib3.PoolManager.request
    broken = [ssl.SSLError(1, "[SSL: TLSV1_ALERT_DECODE_ERROR] tlsv1 alert decode error")]

    def request(self: urllib3.PoolManager, *arguments: Any, **named: Any) -> urllib3.BaseHTTPResponse:
        if broken:
            raise urllib3.exceptions.SSLError(broken.pop())
        return sent(self, *arguments, **named)

    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    server.answers = [Answer(200, VERSION)]
    assert connect(server.url).version() == "v1.35.4"
    assert not broken


def test_a_server_that_is_not_there_is_an_error(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"  # bound, but nobody listens
        monkeypatch.setattr(apiserver, "RETRY_SECONDS", 0.5)
        with pytest.raises(ClusterError) as caught:
            connect(url).version()
    assert caught.value.what == "cannot ask for the version: the API server of context `lab` does not answer"
    assert caught.value.because == f"{url}: Connection refused"


def test_a_field_conflict_names_fields_and_owners(server: Server, connect: Connect) -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "field": ".spec.replicas",
        "message": 'conflict with "kubectl" with subresource "scale" using apps/v1',
    }
    server.answers = [refusal(409, "Conflict", causes=[cause])]
    with pytest.raises(FieldConflictError) as caught:
        connect(server.url).apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "n"}}
        )
    assert caught.value.conflicts == (FieldConflict(".spec.replicas", "kubectl", "scale"),)


def test_an_apply_is_strict_utf_8_and_passes_warnings_on_once(server: Server, connect: Connect) -> None:
    warnings: list[str] = []
    server.answers = [Answer(200, {}, (("Warning", '299 - "say \\"please\\""'), ("Warning", '299 - "old"')))]
    cluster = connect(server.url, on_warning=warnings.append)
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "n"},
        "data": {"a": "🎉"},
    }
    cluster.apply(manifest, dry_run=True)
    cluster.apply(manifest, force=True)
    assert warnings == ['say "please"', "old"]
    (method, dry, headers, body), (_, wet, _, _) = server.requests
    assert (method, headers["Content-Type"]) == ("PATCH", "application/apply-patch+yaml")
    assert "🎉".encode() in body
    path = "/api/v1/namespaces/n/configmaps/x?fieldManager=todoctl&fieldValidation=Strict"
    assert dry == f"{path}&force=false&dryRun=All"
    assert wet == f"{path}&force=true"


def test_every_request_is_told_without_its_body_and_token(server: Server, connect: Connect) -> None:
    told: list[tuple[Any, ...]] = []
    server.answers = [Answer(503, {}), Answer(201, {})]
    cluster = connect(server.url, user={"token": "t0ken"}, on_request=lambda *about: told.append(about))
    metadata = {"name": "x", "namespace": "n"}
    cluster.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": "s3cret"}})
    path = "/api/v1/namespaces/n/secrets?fieldManager=todoctl&fieldValidation=Strict"
    assert [entry[:3] for entry in told] == [("POST", path, 503), ("POST", path, 201)]
    assert server.requests[0][2]["Authorization"] == "Bearer t0ken"
    assert "s3cret" not in repr(told)
    assert "t0ken" not in repr(told)


def test_a_watch_yields_events_until_the_server_ends_it(server: Server, connect: Connect) -> None:
    events = [{"type": "ADDED", "object": {"n": 1}}, {"type": "BOOKMARK", "object": {"n": 2}}]
    server.answers = [Answer(200, b"".join(json.dumps(event).encode() + b"\n" for event in events))]
    with connect(server.url).watch(kinds.POD, "n", "5") as watch:
        assert list(watch) == [("ADDED", {"n": 1}), ("BOOKMARK", {"n": 2})]


def test_a_watch_that_is_too_old_is_gone_also_when_it_shows_late(server: Server, connect: Connect) -> None:
    event = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    server.answers = [Answer(200, json.dumps(event).encode() + b"\n")]
    with pytest.raises(GoneError), connect(server.url).watch(kinds.POD, "n", "5") as watch:
        list(watch)


def test_requests_of_several_threads_run_at_once(server: Server, connect: Connect) -> None:
    # None is answered before all have been asked: one after the other they would never end.
    server.answers = [Answer(200, VERSION, wait=threading.Barrier(8, timeout=20).wait)]
    cluster = connect(server.url)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: cluster.version(), range(8))) == ["v1.35.4"] * 8


def test_the_kubeconfig_s_proxy_is_used(server: Server, connect: Connect) -> None:
    server.answers = [Answer(200, VERSION)]
    assert connect("http://cluster.invalid:8080", cluster={"proxy-url": server.url}).version() == "v1.35.4"
    assert server.requests[0][1] == "http://cluster.invalid:8080/version"


def test_a_dead_proxy_of_the_kubeconfig_is_named_without_its_password(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apiserver, "RETRY_SECONDS", 0.3)
    cluster = connect("http://cluster.invalid", cluster={"proxy-url": "http://me:s3cret@127.0.0.1:9"})
    with pytest.raises(ClusterError) as caught:
        cluster.version()
    assert caught.value.because == "http://cluster.invalid through proxy `http://127.0.0.1:9`: Connection refused"
    assert "s3cret" not in repr((caught.value.what, caught.value.because, caught.value.hint))


@dataclass(frozen=True)
class Certificates:
    """A certificate authority, and a certificate for 127.0.0.1 that does not say who signed it."""

    authority: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("tls")
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "authorityKeyIdentifier=none"]
    for command in (
        [*new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"],
        [*new, "-subj", "/CN=lab", "-keyout", "key", "-out", "pem", *signed, "-addext", "subjectAltName=IP:127.0.0.1"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return Certificates(folder / "ca.pem", folder / "pem", folder / "key")


@pytest.fixture
def tls_server(certificates: Certificates) -> Iterator[Server]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.certificate, certificates.key)
    tls.load_verify_locations(certificates.authority)
    tls.verify_mode = ssl.CERT_OPTIONAL
    yield from serve(tls)


@pytest.fixture(autouse=True)
def strict_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python 3.13 does: refuse certificates that lack what RFC 5280 wants, as those of many clusters do."""
    make = ssl.create_default_context

    def strict(**arguments: Any) -> ssl.SSLContext:
        tls = make(**arguments)
        tls.verify_flags |= ssl.VERIFY_X509_STRICT
        return tls

    monkeypatch.setattr(ssl, "create_default_context", strict)


def test_a_certificate_is_trusted_by_the_kubeconfig_s_authority(
    tls_server: Server, connect: Connect, certificates: Certificates
) -> None:
    tls_server.answers = [Answer(200, VERSION)]
    assert connect(tls_server.url, cluster={"certificate-authority": str(certificates.authority)}).version()


def test_a_certificate_of_nobody_known_is_refused_at_once(tls_server: Server, connect: Connect) -> None:
    tls_server.answers = [Answer(200, VERSION)]
    attempts: list[tuple[Any, ...]] = []
    with pytest.raises(ClusterError) as caught:
        connect(tls_server.url, on_request=lambda *about: attempts.append(about)).version()
    assert caught.value.id == "cluster.tls"
    assert len(attempts) == 1


AUTHORITY = """\
[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        ("20000101000000Z", "20000102000000Z", "certificate has expired"),
        ("20990101000000Z", "20990102000000Z", "certificate is not yet valid"),
    ],
)
def test_a_certificate_that_a_clock_that_is_wrong_makes_invalid_is_told_with_the_clock(
    connect: Connect, certificates: Certificates, tmp_path: Path, begins: str, ends: str, said: str
) -> None:
    authority = certificates.authority
    (tmp_path / "index").touch()
    (tmp_path / "serial").write_text("01")
    (tmp_path / "ca.conf").write_text(AUTHORITY)
    new = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab"]
    sign = ["openssl", "ca", "-batch", "-config", "ca.conf", "-in", "csr", "-out", "pem", "-notext"]
    sign += ["-startdate", begins, "-enddate", ends]
    for command in (
        [*new, "-keyout", "key", "-out", "csr", "-addext", "subjectAltName=IP:127.0.0.1"],
        [*sign, "-cert", str(authority), "-keyfile", str(authority.with_suffix(".key"))],
    ):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    with contextmanager(serve)(tls) as server, pytest.raises(ClusterError) as caught:
        connect(server.url, cluster={"certificate-authority": str(authority)}).version()
    assert (caught.value.id, caught.value.exit_code) == ("cluster.clock", ExitCode.CLUSTER)
    assert f"{said}; this machine's clock says 20" in str(caught.value.because)
    assert "set this machine's clock" in str(caught.value.hint)


def test_a_client_certificate_is_shown_and_left_on_no_disk(
    tls_server: Server,
    connect: Connect,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    tls_server.answers = [Answer(200, VERSION)]
    pair = {"client-certificate": certificates.certificate, "client-key": certificates.key}
    user = {f"{key}-data": base64.b64encode(path.read_bytes()).decode() for key, path in pair.items()}
    cluster = connect(tls_server.url, cluster={"certificate-authority": str(certificates.authority)}, user=user)
    assert cluster.version() == "v1.35.4"
    assert tls_server.certificates == ["lab"]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("code", [400, 404, 409, 422, 500])
def test_every_refusal_has_a_hint(code: int) -> None:
    assert apiserver.error_of("do it", code, {"message": "no"}).hint
