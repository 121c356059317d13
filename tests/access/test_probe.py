from __future__ import annotations

import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from todoctl.access import probe
from todoctl.access.probe import Endpoint
from todoctl.deadline import Deadline
from todoctl.errors import AccessError

Answering = Callable[[http.server.BaseHTTPRequestHandler], tuple[int, str]]
HOST = "todo-app.local"


@contextmanager
def server(answer: Answering, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, media_type = answer(self)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.end_headers()
            self.wfile.write(b"{}")

        def version_string(self) -> str:
            return "nginx"

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        if tls:
            served.socket = tls.wrap_socket(served.socket, server_side=True)
        threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
        yield served.server_address[1]
        served.shutdown()


def app(request: http.server.BaseHTTPRequestHandler) -> tuple[int, str]:
    """Frontend and backend behind an ingress controller with one rule."""
    if (request.headers["Host"] or "").partition(":")[0] != HOST:
        return 404, "text/html"
    if request.path == "/healthz":
        return 200, "application/json; charset=utf-8"
    return 401, "application/problem+json; charset=utf-8"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy answers late: in every test but one that is not what fails."""
    monkeypatch.setattr(probe, "_TRY_SECONDS", 60.0)
    monkeypatch.setattr(probe, "_LAST_TRY_SECONDS", 60.0)


def failure(endpoint: Endpoint, seconds: float = 0.3) -> AccessError:
    with pytest.raises(AccessError) as caught:
        probe.probe(endpoint, deadline=Deadline(seconds))
    return caught.value


def test_both_halves_of_the_app_answer_to_its_host() -> None:
    with server(app) as port:
        answers = probe.probe(Endpoint("127.0.0.1", HOST, port), deadline=Deadline(60))
    assert {part: answer.status for part, answer in answers.items()} == {"frontend": 200, "backend": 401}
    assert answers["backend"].media_type == "application/problem+json"
    assert answers["frontend"].body == b"{}"


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with server(app) as port:
        probe.probe(Endpoint("127.0.0.1", HOST, port), deadline=Deadline(60))


def test_it_asks_again_while_the_ingress_is_not_programmed_yet() -> None:
    asked = []

    def slow(request: http.server.BaseHTTPRequestHandler) -> tuple[int, str]:
        asked.append(request.path)
        return {1: (404, "text/html"), 2: (503, "text/html"), 4: (502, "text/html")}.get(len(asked)) or app(request)

    pauses: list[float] = []
    with server(slow) as port:
        probe.probe(Endpoint("127.0.0.1", HOST, port), deadline=Deadline(60), sleep=pauses.append)
    assert asked == ["/healthz"] * 3 + ["/api/tasks"] * 2
    assert pauses == [0.5] * 3


STATUSES = [
    ((404, "text/html"), "404 Not Found from nginx: the ingress controller has no rule for `todo-app.local`"),
    ((503, "text/html"), "503 Service Unavailable from nginx: there is no Ready pod behind the Service"),
    ((502, "text/html"), "502 Bad Gateway from nginx: the ingress controller cannot reach a pod"),
    ((504, "text/html"), "504 Gateway Timeout from nginx: the ingress controller cannot reach a pod"),
    (
        (403, "text/html"),
        "403 Forbidden from nginx: the ingress controller itself, or something else than the app, answered",
    ),
    (
        (301, "text/html"),
        "301 Moved Permanently from nginx: the ingress controller itself, or something else than the app, answered",
    ),
]


@pytest.mark.parametrize(("answer", "because"), STATUSES, ids=[row[0][0] for row in STATUSES])
def test_an_answer_that_is_not_the_apps_is_explained(answer: tuple[int, str], because: str) -> None:
    with server(lambda _: answer) as port:
        error = failure(Endpoint("127.0.0.1", HOST, port))
    assert error.id == "access.frontend"
    assert str(error.because).startswith(because)


def test_the_ingress_controllers_own_healthz_is_not_taken_for_the_frontend() -> None:
    with server(lambda request: (200 if request.path == "/healthz" else 404, "text/html")) as port:
        assert failure(Endpoint("127.0.0.1", HOST, port)).id == "access.frontend"


def test_a_frontend_that_answers_for_everything_is_not_taken_for_the_backend() -> None:
    with server(lambda _: (200, "application/json")) as port:
        error = failure(Endpoint("127.0.0.1", HOST, port))
    assert error.id == "access.backend"
    assert error.what == f"the backend does not answer at `http://{HOST}:{port}/api/tasks`"


def test_a_401_of_somebody_else_is_not_taken_for_the_backend() -> None:
    with server(lambda request: (200 if request.path == "/healthz" else 401, "application/json")) as port:
        assert failure(Endpoint("127.0.0.1", HOST, port)).id == "access.backend"


def test_a_refused_connection_is_explained() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = failure(Endpoint("127.0.0.1", HOST, port))
    assert error.because == f"connection refused: nothing listens at 127.0.0.1:{port}"


def test_a_server_that_never_answers_is_explained_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_LAST_TRY_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = failure(Endpoint("127.0.0.1", HOST, silent.getsockname()[1]))
    assert str(error.because).startswith("timed out: ")


def test_the_last_question_has_time_for_an_answer_though_the_deadline_is_there() -> None:
    def tired(_: http.server.BaseHTTPRequestHandler) -> tuple[int, str]:
        time.sleep(0.3)
        return 503, "text/html"

    with server(tired) as port:
        error = failure(Endpoint("127.0.0.1", HOST, port), seconds=0.5)
    assert str(error.because).startswith("503 Service Unavailable")


def test_a_server_that_hangs_up_or_speaks_no_http_is_explained() -> None:
    def hang_up(listener: socket.socket, said: bytes) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.recv(1000)
            client.sendall(said)
            client.close()

    for said in (b"", b"220 mail.example ESMTP\r\n"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=hang_up, args=(listener, said), daemon=True).start()
            error = failure(Endpoint("127.0.0.1", HOST, listener.getsockname()[1]))
            assert "ended the connection without an answer" in str(error.because)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    argv += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_over_tls_the_host_is_asked_for_by_name(tls: ssl.SSLContext) -> None:
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    with server(app, tls) as port:
        endpoint = Endpoint("127.0.0.1", HOST, port, tls=True, verify=False)
        probe.probe(endpoint, deadline=Deadline(60))
    assert set(names) == {HOST}


def test_a_certificate_that_is_not_trusted_is_explained(tls: ssl.SSLContext) -> None:
    with server(app, tls) as port:
        error = failure(Endpoint("127.0.0.1", HOST, port, tls=True))
    assert str(error.because).startswith(f"the certificate of `{HOST}` is not trusted: self")


def test_a_port_without_tls_is_explained() -> None:
    with server(app) as port:
        error = failure(Endpoint("127.0.0.1", HOST, port, tls=True))
    assert f"127.0.0.1:{port} does not speak TLS" in str(error.because)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (Endpoint("10.0.0.1", HOST), "http://todo-app.local"),
        (Endpoint("10.0.0.1", HOST, 8080), "http://todo-app.local:8080"),
        (Endpoint("10.0.0.1", HOST, 443, tls=True), "https://todo-app.local"),
        (Endpoint("10.0.0.1", HOST, 8443, tls=True), "https://todo-app.local:8443"),
    ],
)
def test_an_endpoints_url_is_what_a_browser_would_use(endpoint: Endpoint, url: str) -> None:
    assert endpoint.url == url


@contextmanager
def saying(*answers: bytes) -> Iterator[int]:
    """A server that answers the first bytes of each connection with the next answer, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                with listener.accept()[0] as client:
                    assert client.recv(8) == bytes.fromhex("0000000804d2162f")
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("answer", [b"S", b"N"])
def test_a_postgres_that_says_whether_it_speaks_tls_has_answered(answer: bytes) -> None:
    with saying(b"", answer) as port:
        pauses: list[float] = []
        probe.probe_postgres(Endpoint("127.0.0.1", "localhost", port), deadline=Deadline(60), sleep=pauses.append)
    assert len(pauses) == 1


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (b"H", "something else than Postgres answered"),
        (b"", "127.0.0.1:{port} ended the connection without an answer"),
    ],
)
def test_what_is_no_postgres_is_told(answer: bytes, because: str) -> None:
    ticks = iter([0.0, 0.0, 99.0])
    deadline = Deadline(5, lambda: next(ticks))
    with saying(answer) as port, pytest.raises(AccessError) as caught:
        probe.probe_postgres(Endpoint("127.0.0.1", "localhost", port), deadline=deadline)
    assert caught.value.id == "access.postgres"
    assert caught.value.because == because.format(port=port)


def test_the_last_question_to_a_postgres_has_time_for_an_answer_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                with listener.accept()[0] as client:
                    client.recv(8)
                    time.sleep(0.3)
                    client.sendall(b"H")

        threading.Thread(target=serve, daemon=True).start()
        endpoint = Endpoint("127.0.0.1", "localhost", listener.getsockname()[1])
        with pytest.raises(AccessError) as caught:
            probe.probe_postgres(endpoint, deadline=Deadline(0.5))
    assert caught.value.because == "something else than Postgres answered"
