"""What todoctl asks of a cluster. The protocol is https://kubernetes.io/docs/reference/using-api/api-concepts/."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from todoctl.adapters import apiserver, kinds, kubeconfig
from todoctl.adapters.apiserver import ApiError, ApiServer, OnRequest
from todoctl.adapters.exec import Execution, start_query
from todoctl.adapters.kinds import Kind
from todoctl.adapters.portforward import PortConnection
from todoctl.deadline import Deadline

FIELD_MANAGER = "todoctl"
WATCH_SECONDS = 300
"""How long the server keeps one watch open."""
_QUIET_WATCH_SECONDS = 150.0  # bookmarks come about once a minute: a watch that is silent for longer has died

Object = dict[str, Any]
"""One Kubernetes object, as JSON has it."""

BeforeWrite = Callable[[], Deadline]
"""Asked before each attempt of a write: raises if it must not be sent, and says by when it must have ended."""


def _unguarded() -> Deadline:
    return Deadline(math.inf)


class Cluster:
    """One cluster, by its context. Safe to use from several threads; connections are kept and shared.

    Goes round HTTP proxies, whatever the environment says, unless the kubeconfig names one (`proxy-url`). Each call
    tries again, with growing pauses, while the server cannot be reached, is busy (429) or fails (5xx): for at most
    `apiserver.RETRY_SECONDS`, or until the deadline of `within`. Every method raises ClusterError, or one of the
    kinds of it that `apiserver` has.
    """

    def __init__(
        self,
        server: ApiServer,
        deadline: Deadline | None = None,
        before_write: BeforeWrite = _unguarded,
    ) -> None:
        self._server = server
        self._deadline = deadline
        self._before_write = before_write

    @classmethod
    def connect(
        cls,
        context: str,
        kubeconfig_path: Path | None = None,
        *,
        on_request: OnRequest | None = None,
        on_warning: Callable[[str], None] | None = None,
    ) -> Cluster:
        """Make a Cluster of a kubeconfig's context (see `kubeconfig.load`); the current context is not looked at.

        Sends nothing yet: `version` is the call that shows whether the server answers. `on_warning` gets each text of
        the `Warning:` headers that the server sends once, `on_request` every request; both from any thread.
        """

        def sign_in() -> kubeconfig.Connection:
            return kubeconfig.load(context, kubeconfig_path)

        return cls(ApiServer(sign_in(), sign_in=sign_in, on_request=on_request, on_warning=on_warning))

    def within(self, deadline: Deadline) -> Cluster:
        """Return the same cluster, over the same connections, whose calls end by `deadline`."""
        return Cluster(self._server, deadline, self._before_write)

    def guarded(self, before_write: BeforeWrite) -> Cluster:
        """Return the same cluster, over the same connections, whose writes ask `before_write` each time first."""
        return Cluster(self._server, self._deadline, before_write)

    @property
    def context(self) -> str:
        """The kubeconfig context."""
        return self._server.connection.context

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._server.connection.server

    @property
    def made_by_minikube(self) -> bool:
        """Whether the kubeconfig says that Minikube made the cluster."""
        return self._server.connection.minikube

    def now(self) -> datetime:
        """Return the time by the server's clock, which is that of its objects' `creationTimestamp`."""
        return self._server.now()

    def version(self) -> str:
        """Return the server's version, such as `v1.35.4`."""
        return str(self._json("GET", "/version", "ask for the version")["gitVersion"])

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """Return one object, or None where it, or its namespace, is not there."""
        try:
            return self._json("GET", kind.path(namespace, name), f"read {kind} `{name}`")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str | None = None, fields: str | None = None
    ) -> tuple[list[Object], str]:
        """Return all objects that fit the selectors, and the resource version to watch from.

        Without a namespace: of all namespaces. Each object has its `apiVersion` and `kind`.
        """
        query = _selectors(labels, fields)
        answer = self._json("GET", kind.path(namespace), f"list {kind.plural}", query=query)
        items = [{"apiVersion": kind.api_version, "kind": kind.name, **item} for item in answer["items"] or ()]
        return items, answer["metadata"]["resourceVersion"]

    def watch(
        self,
        kind: Kind,
        namespace: str | None,
        resource_version: str,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Watch:
        """Open a watch of what happens after `resource_version`. Raises GoneError when that is too old."""
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
            **_selectors(labels, fields),
        }
        path = kind.path(namespace)
        what = f"watch {kind.plural}"
        answer = self._server.request(
            "GET", path, what, query=query, read=_QUIET_WATCH_SECONDS, stream=True, deadline=self._deadline
        )
        return Watch(answer, what)

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool = False, force: bool = False) -> Object:
        """Server-side apply as field manager `todoctl`, strict about unknown fields; return the object that results.

        A dry run changes nothing, but everything that would refuse the object has its say. Raises FieldConflictError
        when another manager owns a field, unless `force` takes it over.
        """
        query = {
            "fieldManager": FIELD_MANAGER,
            "fieldValidation": "Strict",
            "force": "true" if force else "false",
            **({"dryRun": "All"} if dry_run else {}),
        }
        what = f"apply {manifest['kind']} `{manifest['metadata']['name']}`"
        # JSON is YAML, and the content type has no JSON form before Kubernetes 1.34.
        content_type = "application/apply-patch+yaml"
        return self._json("PATCH", _path_of(manifest), what, query=query, body=manifest, content_type=content_type)

    def create(self, manifest: Mapping[str, Any]) -> Object:
        """Create an object. Raises AlreadyExistsError.

        A create whose answer got lost is sent again, so that error may also mean that ours was the first.
        """
        kind, metadata = kinds.of(manifest), manifest["metadata"]
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        what = f"create {kind} `{metadata['name']}`"
        return self._json("POST", kind.path(metadata.get("namespace")), what, query=query, body=manifest)

    def patch(
        self, kind: Kind, name: str, namespace: str | None, changes: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> Object:
        """Merge `changes` into an object (RFC 7396), or do them, where they are a list of operations (RFC 6902).

        Raises StaleError if they name another `resourceVersion`.
        """
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        what = f"change {kind} `{name}`"
        content_type = f"application/{'merge' if isinstance(changes, Mapping) else 'json'}-patch+json"
        return self._json(
            "PATCH", kind.path(namespace, name), what, query=query, body=changes, content_type=content_type
        )

    def scale(self, kind: Kind, name: str, namespace: str, replicas: int) -> None:
        """Set how many pods a workload is to have, as an autoscaler does: whoever set it before no longer owns it."""
        path = kind.path(namespace, name) + "/scale"
        content_type = "application/merge-patch+json"
        body = {"spec": {"replicas": replicas}}
        query = {"fieldManager": FIELD_MANAGER}
        self._json("PATCH", path, f"scale {kind} `{name}`", query=query, body=body, content_type=content_type)

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Foreground",
    ) -> bool:
        """Ask for an object's deletion, which may take a while; False where it is not there.

        Foreground: the object goes after all that it owns. Raises StaleError when its UID is not `uid`, or its version
        not `resource_version`.
        """
        options: Object = {"propagationPolicy": propagation}
        named = {"uid": uid, "resourceVersion": resource_version}
        if preconditions := {name: value for name, value in named.items() if value is not None}:
            options["preconditions"] = preconditions
        try:
            self._json("DELETE", kind.path(namespace, name), f"delete {kind} `{name}`", body=options)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def logs(self, namespace: str, pod: str, container: str, *, tail: int, previous: bool = False) -> str:
        """Return the last `tail` lines of a container's log, or of its previous run's."""
        query = {"container": container, "tailLines": str(tail), "previous": "true" if previous else "false"}
        path = kinds.POD.path(namespace, pod) + "/log"
        answer = self._server.request("GET", path, f"read the log of `{pod}`", query=query, deadline=self._deadline)
        return answer.data.decode("utf-8", "replace")

    def open_port(self, namespace: str, pod: str, port: int) -> PortConnection:
        """Open one connection to a TCP port of a pod, through the API server."""
        path = f"{kinds.POD.path(namespace, pod)}/portforward?ports={port}"
        started = time.monotonic()
        status = 0
        try:
            connection = PortConnection.open(self._server.connection, path, f"port {port} of pod `{pod}`")
            status = 101
        finally:
            self._server.tell("GET", path, status, started)
        return connection

    def execute(
        self,
        namespace: str,
        pod: str,
        container: str,
        argv: Sequence[str],
        *,
        deadline: Deadline,
        stdin: Iterable[bytes] = (),
        stdin_length: int = 0,
    ) -> Execution:
        """Run a program in a container, with `stdin_length` bytes of `stdin`; see Execution for what comes of it.

        What is in `argv` is in the server's log: a secret goes through stdin. With stdin the container needs `sh` and
        `head`. Unlike other calls this one is never tried again.
        """
        self._before_write()
        path = f"{kinds.POD.path(namespace, pod)}/exec?{start_query(container, argv, stdin_length)}"
        started = time.monotonic()
        status = 0
        try:
            what = f"`{argv[0]}` in pod `{pod}`"
            execution = Execution.open(self._server.connection, path, what, stdin, deadline)
            status = 101
        finally:
            self._server.tell("GET", path, status, started)
        return execution

    def _json(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        answer = self._server.request(
            method,
            path,
            what,
            query=query,
            body=body,
            content_type=content_type,
            deadline=self._deadline,
            before_attempt=self._before_write if method != "GET" else None,
        )
        document: Object = json.loads(answer.data)
        return document


class Watch(contextlib.AbstractContextManager["Watch"]):
    """An open watch: iterate over its events, from one thread; `close` it from any.

    The iteration ends when the server ends the watch, the connection breaks or `close` is called: then watch again
    from the last resource version. It raises GoneError when that is too old, so that a new list is needed.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, what: str) -> None:
        self._response = response
        self._what = what
        self._closed = False

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        """Yield the type (ADDED, MODIFIED, DELETED, or BOOKMARK: nothing but a resource version) and the object."""
        pending = b""
        try:
            for chunk in self._response.stream(None):
                lines = (pending + chunk).split(b"\n")
                pending = lines.pop()
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise apiserver.error_of(self._what, event["object"].get("code", 0), event["object"])
                    yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
            # A closed or broken connection can surface as any of these; a cut-off line says nothing new.
            return

    def __exit__(self, *_: object) -> None:
        """Close the watch and give its connection back."""
        self.close()
        self._response.close()

    def close(self) -> None:
        """End the iteration, also one that waits in another thread."""
        if not self._closed:
            self._closed = True
            try:
                self._response.shutdown()
            except (OSError, ValueError, RuntimeError):
                return  # it has ended already


def _path_of(manifest: Mapping[str, Any]) -> str:
    metadata = manifest["metadata"]
    return kinds.of(manifest).path(metadata.get("namespace"), metadata["name"])


def _selectors(labels: str | None, fields: str | None) -> dict[str, str]:
    return {name: value for name, value in (("labelSelector", labels), ("fieldSelector", fields)) if value is not None}
