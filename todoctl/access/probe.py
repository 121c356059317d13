"""Ask the app through the Ingress itself, as a browser would, and say why it does not answer."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from todoctl.errors import AccessError

if TYPE_CHECKING:
    from todoctl.deadline import Deadline

_TRY_SECONDS = 5.0
_PAUSE_SECONDS = 0.5
# The last question is asked when the deadline is there; its answer, not that it is late, is the reason.
_LAST_TRY_SECONDS = 1.0
_BODY_LIMIT = 4096
# https://www.postgresql.org/docs/17/protocol-message-formats.html: SSLRequest, which is answered with S or N
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_HINT = "look at `todoctl status`; `todoctl port-forward` reaches the app without the Ingress"


@dataclass(frozen=True)
class Endpoint:
    """Where to ask: an address and port, and the host to ask for. `verify` False takes any TLS certificate."""

    address: str
    host: str
    port: int = 80
    tls: bool = False
    verify: bool = True

    @property
    def url(self) -> str:
        """The URL that a browser would use, once the host resolves to the address."""
        scheme, usual = ("https", 443) if self.tls else ("http", 80)
        return f"{scheme}://{self.host}" + ("" if self.port == usual else f":{self.port}")


@dataclass(frozen=True)
class Answer:
    """What came back: status, media type in lower case without parameters, the `Server` header, the body's start."""

    status: int
    media_type: str
    server: str
    body: bytes


@dataclass(frozen=True)
class Expectation:
    """A path, and the answer that only our app gives there."""

    part: str
    path: str
    status: int
    media_type: str | None = None

    def met_by(self, answer: Answer) -> bool:
        """Tell whether this is the answer."""
        return answer.status == self.status and self.media_type in {None, answer.media_type}


# ingress-nginx itself answers 200 at this path to a host that it has no rule for, so the status alone shows nothing.
FRONTEND = Expectation("frontend", "/healthz", 200, "application/json")
# Without a token: that it is refused, in our way, shows that the backend itself answered.
BACKEND = Expectation("backend", "/api/tasks", 401, "application/problem+json")


def probe(
    endpoint: Endpoint,
    *,
    deadline: Deadline,
    expectations: tuple[Expectation, ...] = (FRONTEND, BACKEND),
    hint: str = _HINT,
    why: Callable[[Answer, Endpoint], str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Answer]:
    """Ask until every part of the app has answered as expected, and return the answers by part.

    An Ingress takes seconds to be programmed, so refusals and errors are asked again until the deadline.
    Raises AccessError with the last reason, and `hint`; `why` gives the reason for an answer that is not as expected
    where no Ingress is on the way.
    """
    answers: dict[str, Answer] = {}
    for expectation in expectations:
        while True:
            try:
                answer = ask(endpoint, expectation.path, timeout=_patience(deadline))
            except (OSError, http.client.HTTPException) as error:
                because = why_silent(error, endpoint)
            else:
                if expectation.met_by(answer):
                    answers[expectation.part] = answer
                    break
                because = (why or why_unexpected)(answer, endpoint)
            if deadline.expired():
                raise AccessError(
                    f"access.{expectation.part}",
                    f"the {expectation.part} does not answer at `{endpoint.url}{expectation.path}`",
                    because=because,
                    hint=hint,
                )
            sleep(min(_PAUSE_SECONDS, deadline.remaining()))
    return answers


def probe_postgres(
    endpoint: Endpoint, *, deadline: Deadline, hint: str = _HINT, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Ask a Postgres whether it speaks TLS, which it says before anybody signs in, until it has answered.

    Raises AccessError with the last reason, and `hint`.
    """
    while True:
        try:
            address = (endpoint.address, endpoint.port)
            with socket.create_connection(address, timeout=_patience(deadline)) as connection:
                connection.sendall(_SSL_REQUEST)
                answer = connection.recv(1)
        except OSError as error:
            because = why_silent(error, endpoint)
        else:
            if answer in {b"S", b"N"}:
                return
            because = why_silent(ConnectionError(), endpoint) if not answer else "something else than Postgres answered"
        if deadline.expired():
            raise AccessError(
                "access.postgres",
                f"postgres does not answer at {endpoint.address}:{endpoint.port}",
                because=because,
                hint=hint,
            )
        sleep(min(_PAUSE_SECONDS, deadline.remaining()))


def ask(endpoint: Endpoint, path: str, *, timeout: float) -> Answer:
    """Send one GET straight to the address, round all proxies, and read at most the start of the body.

    `timeout` (seconds) holds for connecting and for each read. Raises OSError and http.client.HTTPException.
    """
    connection = http.client.HTTPConnection(endpoint.address, endpoint.port, timeout=timeout)
    try:
        connection.connect()
        if endpoint.tls:
            # Not HTTPSConnection: that would ask for, and verify, the address in place of the host.
            connection.sock = _tls(endpoint.verify).wrap_socket(connection.sock, server_hostname=endpoint.host)
        usual = 443 if endpoint.tls else 80
        host = endpoint.host if endpoint.port == usual else f"{endpoint.host}:{endpoint.port}"
        connection.request("GET", path, headers={"Host": host, "Connection": "close", "User-Agent": "todoctl"})
        response = connection.getresponse()
        return Answer(
            status=response.status,
            media_type=response.headers.get_content_type().lower() if response.headers["Content-Type"] else "",
            server=response.headers["Server"] or "",
            body=response.read(_BODY_LIMIT),
        )
    finally:
        connection.close()


def why_silent(error: Exception, endpoint: Endpoint) -> str:
    """Explain an error that came in place of an answer."""
    where = f"{endpoint.address}:{endpoint.port}"
    match error:
        case ssl.SSLCertVerificationError():
            return f"the certificate of `{endpoint.host}` is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"{where} does not speak TLS: {error.reason or error}"
        case ConnectionRefusedError():
            return f"connection refused: nothing listens at {where}"
        case TimeoutError():
            return f"timed out: {where} cannot be reached from this host, or does not answer"
        case ConnectionError() | http.client.HTTPException():
            return f"{where} ended the connection without an answer"
        case _:
            return f"{where} cannot be reached: {error}"


def why_unwell(answer: Answer, _: Endpoint) -> str:
    """Explain an answer that a part of the app would not give, asked without an Ingress."""
    return f"{_status(answer)}: it is not well, or something else than the app answered"


def why_unexpected(answer: Answer, endpoint: Endpoint) -> str:
    """Explain an answer that our app would not give, asked through an Ingress."""
    status = _status(answer)
    by = f" from {answer.server}" if answer.server else ""
    match answer.status:
        case 404:
            return f"{status}{by}: the ingress controller has no rule for `{endpoint.host}` and this path"
        case 502 | 504:
            return f"{status}{by}: the ingress controller cannot reach a pod"
        case 503:
            return f"{status}{by}: there is no Ready pod behind the Service"
        case _:
            return f"{status}{by}: the ingress controller itself, or something else than the app, answered"


def _patience(deadline: Deadline) -> float:
    return min(_TRY_SECONDS, max(_LAST_TRY_SECONDS, deadline.remaining()))


def _status(answer: Answer) -> str:
    return f"{answer.status} {http.client.responses.get(answer.status, '')}".strip()


def _tls(verify: bool) -> ssl.SSLContext:  # noqa: FBT001 - the endpoint's own field
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
