"""Requests to an API server over plain HTTP and JSON: tried again while that can help, every failure typed.

No SDK: its import alone costs more than most of our calls take, its last release in pure Python gets no more fixes,
and of its parts we would use two.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from todoctl.adapters import kubeconfig
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, ConflictError, TodoctlError

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
RETRY_SECONDS = 15.0
"""How long one call goes on trying while the server is away, busy or failing."""

_PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)

_NOT_VALID_NOW = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED

_ERRNO = re.compile(r"\[Errno -?\d+\] ")

OnRequest = Callable[[str, str, int, float], None]
"""Told of every request: method, path with query, status (0: no answer), milliseconds. From any thread."""


@dataclass(frozen=True)
class Cause:
    """One reason of a refusal; `field` is the API's path, such as `spec.selector`."""

    field: str
    message: str


class ApiError(ClusterError):
    """The server refused a request; `status` is the HTTP status and `reason` the API's own word for it."""

    def __init__(
        self,
        what: str,
        *,
        status: int,
        reason: str,
        because: str,
        hint: str | None = None,
        causes: tuple[Cause, ...] = (),
    ) -> None:
        super().__init__(_ID_OF_STATUS.get(status, "cluster.refused"), what, because=because, hint=hint)
        self.status = status
        self.reason = reason
        self.causes = causes


class AlreadyExistsError(ApiError):
    """An object of this name is there already."""


class StaleError(ApiError):
    """The object is not the one, or not the version, that the request was about."""


class GoneError(ApiError):
    """The resource version is too old to watch from: list again."""


@dataclass(frozen=True)
class FieldConflict:
    """A field that another manager owns; `field` is the API's path, such as `.spec.replicas`.

    `subresource` is the one through which it was set, such as `scale`; empty where it was none.
    """

    field: str
    owner: str
    subresource: str = ""


class FieldConflictError(ConflictError):
    """Server-side apply met fields of other managers."""

    def __init__(self, what: str, conflicts: tuple[FieldConflict, ...]) -> None:
        super().__init__(
            "cluster.conflict",
            what,
            because="another field manager owns " + ", ".join(f"`{conflict.field}`" for conflict in conflicts),
            hint="undo the other manager's change, then run the command again",
            details=tuple(f"{conflict.field}: owned by {conflict.owner}" for conflict in conflicts),
        )
        self.conflicts = conflicts


class ApiServer:
    """The transport that a Cluster and its copies share: a pool of connections, retries, and the log of requests."""

    def __init__(
        self,
        connection: kubeconfig.Connection,
        *,
        sign_in: Callable[[], kubeconfig.Connection] | None = None,
        on_request: OnRequest | None = None,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self._way = (connection, _pool(connection))
        self._sign_in = sign_in
        self._signing_in = threading.Lock()
        self._on_request = on_request
        self._on_warning = on_warning
        self._warned: set[str] = set()
        self._ahead = timedelta(0)

    @property
    def connection(self) -> kubeconfig.Connection:
        """How the server is reached: always the same one, with credentials that may change."""
        return self._way[0]

    def request(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content_type: str = "application/json",
        read: float = READ_SECONDS,
        stream: bool = False,
        deadline: Deadline | None = None,
        before_attempt: Callable[[], Deadline] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request until it is answered for good; return the answer if it is a 2xx.

        Credentials that count no longer are read again, once: a run may last longer than a plugin's token.
        `what` says in errors what could not be done ("read Secret `x`"); `read` is the longest silence in seconds.
        With `stream` the caller reads the answer's body. `before_attempt` may raise, so that nothing more is sent, and
        says by when the attempt must have ended. Raises ClusterError or one of its kinds above.
        """
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "User-Agent": "todoctl"}
        content = None
        if body is not None:
            headers["Content-Type"] = content_type
            content = json.dumps(body, ensure_ascii=False).encode()
        deadline = deadline or Deadline(math.inf)
        patience = deadline.within(RETRY_SECONDS)
        signed_in_again = False
        for attempt in itertools.count():
            left = deadline.within(before_attempt().remaining() if before_attempt else math.inf).remaining()
            timeout = urllib3.Timeout(
                total=max(0.1, left), connect=max(0.1, min(CONNECT_SECONDS, left)), read=max(0.1, min(read, left))
            )
            answer: urllib3.BaseHTTPResponse | None = None
            failure: TodoctlError | None = None
            connection, pool = self._way
            headers.pop("Authorization", None)
            if connection.authorization:
                headers["Authorization"] = connection.authorization
            started = time.monotonic()
            try:
                answer = pool.request(
                    method,
                    connection.server + target,
                    headers=headers,
                    body=content,
                    timeout=timeout,
                    retries=False,
                    redirect=False,
                    preload_content=not stream,
                )
            except urllib3.exceptions.HTTPError as error:
                failure = self._no_answer(what, error)
                lasting = _is_untrusted(error)
            finally:
                self.tell(method, target, answer.status if answer else 0, started)
            if answer is not None:
                self._pass_on_warnings(answer)
                self._compare_clocks(answer)
                if 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's range of success
                    return answer
                failure = _refusal(what, answer)
                if answer.status == HTTPStatus.UNAUTHORIZED and not signed_in_again:
                    signed_in_again = True
                    if self._signed_in_again(connection):
                        continue
                lasting = not may_pass(failure)
            pause = _pause(attempt, answer)
            if failure is not None and (lasting or pause >= patience.remaining()):
                raise failure
            time.sleep(pause)
        raise AssertionError("unreachable")

    def tell(self, method: str, target: str, status: int, started: float) -> None:
        """Write one request, begun at `started` on the monotonic clock, to the log."""
        if self._on_request:
            self._on_request(method, target, status, (time.monotonic() - started) * 1000)

    def _signed_in_again(self, refused: kubeconfig.Connection) -> bool:
        """Tell whether there are other credentials than the refused ones: of another thread's, or read anew.

        Never for another server: that the context led to this one is what has been looked at.
        """
        with self._signing_in:
            if self.connection is refused and self._sign_in is not None:
                connection = self._sign_in()
                if (connection.server, connection.proxy_url) == (refused.server, refused.proxy_url):
                    self._way = (connection, _pool(connection))
            return self.connection is not refused

    def _no_answer(self, what: str, error: urllib3.exceptions.HTTPError) -> ClusterError:
        where = self.connection.server
        if self.connection.proxy_url:
            where += f" through proxy `{_without_user(self.connection.proxy_url)}`"
        reason = getattr(error, "original_error", None) or error
        verdict = error.args[0] if error.args else None
        match error:
            case urllib3.exceptions.SSLError() if isinstance(verdict, ssl.SSLCertVerificationError) and (
                verdict.verify_code in _NOT_VALID_NOW
            ):
                now = datetime.now(timezone.utc).isoformat(sep=" ", timespec="minutes")
                return ClusterError(
                    "cluster.clock",
                    f"cannot {what}: the API server's certificate is not valid at this time",
                    because=f"{where}: {verdict.verify_message}; this machine's clock says {now}",
                    hint="set this machine's clock; where it is right, let the cluster renew its certificate "
                    f"(a Minikube: `minikube start -p {self.connection.context}`)",
                )
            case urllib3.exceptions.SSLError() if _is_untrusted(error):
                return ClusterError(
                    "cluster.tls",
                    f"cannot {what}: the API server's certificate is not trusted",
                    because=f"{where}: {reason}",
                    hint="the cluster may have been recreated: let its kubeconfig be corrected "
                    f"(a Minikube: `minikube update-context -p {self.connection.context}`; "
                    "otherwise by its administrator)",
                )
            case urllib3.exceptions.ReadTimeoutError():
                because = f"{where} gave no answer in time"
            case urllib3.exceptions.ConnectTimeoutError() if not isinstance(
                error, urllib3.exceptions.NewConnectionError
            ):
                because = f"{where} did not accept a connection in time"
            case _:
                because = f"{where}: {_ERRNO.sub('', str(reason).rpartition(': ')[2])}"
        return ClusterError(
            "cluster.unreachable",
            f"cannot {what}: the API server of context `{self.connection.context}` does not answer",
            because=because,
            hint=f"see whether the cluster runs (a Minikube: `minikube status -p {self.connection.context}`), "
            "and start it; otherwise see to the network and the VPN, or ask the cluster's administrator",
        )

    def now(self) -> datetime:
        """Return the time by the server's clock, as its last answer told it: this machine's may be wrong."""
        return datetime.now(timezone.utc) + self._ahead

    def _compare_clocks(self, answer: urllib3.BaseHTTPResponse) -> None:
        # One that is absent or malformed tells nothing.
        with contextlib.suppress(LookupError, TypeError, ValueError):
            self._ahead = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(timezone.utc)

    def _pass_on_warnings(self, answer: urllib3.BaseHTTPResponse) -> None:
        for header in answer.headers.getlist("Warning"):
            # 299 - "text", see RFC 9111 5.5 and KEP-1693
            text = header.partition('"')[2].rpartition('"')[0].replace('\\"', '"') or header
            if self._on_warning and text not in self._warned:
                self._warned.add(text)  # a dry run and the write that follows say the same
                self._on_warning(text)


def _pool(connection: kubeconfig.Connection) -> urllib3.PoolManager:
    settings: dict[str, Any] = {"maxsize": 32}
    if connection.tls is not None:
        settings["ssl_context"] = connection.tls
        if connection.tls_server_name:
            settings |= {"server_hostname": connection.tls_server_name, "assert_hostname": connection.tls_server_name}
    if connection.proxy_url is None:
        return urllib3.PoolManager(**settings)
    try:
        return urllib3.ProxyManager(connection.proxy_url, **settings)
    except urllib3.exceptions.HTTPError as error:
        raise ClusterError(
            "cluster.proxy",
            f"cannot use proxy `{_without_user(connection.proxy_url)}` of context `{connection.context}`",
            because=str(error),
            hint="name an http or https proxy in the kubeconfig's `proxy-url`",
        ) from error


def may_pass(error: TodoctlError) -> bool:
    """Tell whether the same request may be answered, or granted, later.

    Of the 500s those with a reason: an admission webhook or etcd did not answer. Those without one are about what was
    sent, such as a manifest that does not fit the schema.
    """
    if isinstance(error, ApiError):
        return error.status in _PASSING or error.reason == "InternalError"
    return error.id == "cluster.unreachable"


def _pause(attempt: int, answer: urllib3.BaseHTTPResponse | None) -> float:
    """Return the seconds to wait before the next attempt: what the server asks for, or 0.2 s doubling up to 3 s."""
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    if asked.isdigit():
        return float(asked)
    return min(3.0, 0.2 * 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def _is_untrusted(error: urllib3.exceptions.HTTPError) -> bool:
    """Tell a certificate that is not trusted, and stays so, from a handshake that broke off, as on a busy machine."""
    return isinstance(error, urllib3.exceptions.SSLError) and isinstance(
        next(iter(error.args), None), ssl.SSLCertVerificationError
    )


def _without_user(url: str | None) -> str:
    """Return a URL without the name and password that it may hold."""
    return urllib3.util.parse_url(url)._replace(auth=None).url if url else ""


_ID_OF_STATUS = {401: "cluster.unauthorized", 403: "cluster.forbidden"}
_HINT_OF_STATUS = {
    401: "the kubeconfig's credentials are not valid here: sign in again "
    "(a Minikube: `minikube update-context -p PROFILE` corrects them)",
    403: "use a context whose user has the right to do this",
}
_HINT_OF_OTHERS = "see the requests that led to it with `--debug`; a quota, a policy or a webhook may be what refuses"


def _refusal(what: str, answer: urllib3.BaseHTTPResponse) -> TodoctlError:
    try:
        status = json.loads(answer.data)
    except ValueError:
        status = {}
    return error_of(what, answer.status, status if isinstance(status, dict) else {})


def error_of(what: str, code: int, status: Mapping[str, Any]) -> TodoctlError:
    """Return the error that a Status object of the API means (see its reference, under Status)."""
    reason = status.get("reason") or ""
    causes: Sequence[Mapping[str, Any]] = (status.get("details") or {}).get("causes") or ()
    conflicts = tuple(
        FieldConflict(cause.get("field", ""), *_owner(cause.get("message", "")))
        for cause in causes
        if cause.get("reason") == "FieldManagerConflict"
    )
    if conflicts:
        return FieldConflictError(f"cannot {what}", conflicts)
    form = ApiError
    if reason == "AlreadyExists":
        form = AlreadyExistsError
    elif reason in ("Expired", "Gone") or code == HTTPStatus.GONE:
        form = GoneError
    elif reason == "Conflict":
        form = StaleError
    return form(
        f"cannot {what}",
        status=code,
        reason=reason,
        because=status.get("message") or f"the server answered {code}",
        hint=_HINT_OF_STATUS.get(code, _HINT_OF_OTHERS),
        causes=tuple(Cause(cause.get("field", ""), cause.get("message", "")) for cause in causes),
    )


def _owner(message: str) -> tuple[str, str]:
    """Return manager and subresource from `conflict with "kubectl" with subresource "scale" using apps/v1`."""
    name, _, rest = message.partition('"')[2].partition('"')
    return name or message, rest.partition(' subresource "')[2].partition('"')[0]
