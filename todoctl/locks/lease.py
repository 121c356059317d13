"""One run at a time on one cluster: a Lease in the installation's namespace, renewed while the run lasts.

The rules are those of Kubernetes' own leader election: whether a holder is alive is judged by whether its Lease changes
within its duration by the clock of whoever looks, so that no two clocks are compared; and every write names the version
that it replaces. See https://pkg.go.dev/k8s.io/client-go/tools/leaderelection.
"""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import datetime, timezone
from http import HTTPStatus
from types import TracebackType
from typing import Any

from todoctl.adapters import kinds
from todoctl.adapters.apiserver import AlreadyExistsError, ApiError, StaleError
from todoctl.adapters.kubernetes import Cluster, Object
from todoctl.deadline import Deadline
from todoctl.errors import LockedError, TodoctlError
from todoctl.locks.file import Holder
from todoctl.reporter import Reporter

NAME = "todoctl"
DURATION_SECONDS = 30
"""How long a Lease that does not change is respected."""
FRESH_SECONDS = 20.0
"""How long this run trusts its own: less, so that the write that follows has time before another run takes over."""
RENEW_SECONDS = 10.0
RELEASE_SECONDS = 3.0

_LOOK_SECONDS = 0.5


class Lease:
    """A context in which this run holds the installation's Lease; `check` belongs before every attempt of a write.

    Entering takes over at once from a holder that has ended on this machine, and from any other one when its Lease has
    not changed for its duration; raises LockedError as soon as it does change, and ClusterError. Leaving releases it.
    """

    def __init__(self, cluster: Cluster, namespace: str, holder: Holder, reporter: Reporter) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._holder = holder
        self._reporter = reporter
        self._version = ""
        self._renewed = (0.0, 0.0)
        self._lost: str | None = None
        self._turn = threading.Lock()
        self._ended = threading.Event()

    def __enter__(self) -> Lease:  # noqa: PYI034 - Self is not in typing before Python 3.11
        """Take the Lease, and go on renewing it."""
        self._take()
        threading.Thread(target=self._keep, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release it, if the cluster answers; it runs out by itself otherwise."""
        self._ended.set()
        if self._lost is not None or not self._turn.acquire(timeout=RELEASE_SECONDS):
            return
        bounded = self._cluster.within(Deadline(RELEASE_SECONDS))
        with contextlib.suppress(TodoctlError):
            bounded.delete(kinds.LEASE, NAME, self._namespace, resource_version=self._version, propagation="Background")

    def check(self) -> Deadline:
        """Return if the Lease is this run's, after renewing it where it is old. Raises LockedError otherwise.

        What is returned is when others may take over: a write that follows must have ended by then.
        """
        if not self._fresh():
            with self._turn:
                if not self._fresh():
                    self._renew()
        return Deadline(max(0.0, DURATION_SECONDS - self._age()))

    def _take(self) -> None:
        patience: Deadline | None = None
        seen, told = "", False
        while True:
            live = self._cluster.get(kinds.LEASE, NAME, self._namespace)
            if live is None:
                if self._create():
                    return
                continue
            held_by = str(live["spec"].get("holderIdentity") or "")
            version = live["metadata"]["resourceVersion"]
            if patience is None:
                patience = Deadline(live["spec"].get("leaseDurationSeconds") or DURATION_SECONDS)
                seen = version
            if not held_by or self._holder.follows(held_by) or patience.expired():
                if self._take_over(live):
                    self._reporter.debug(f"took Lease/{NAME} over from {held_by or 'nobody'}")
                    return
                continue
            if version != seen:
                raise _held(live, self._namespace)
            if not told:
                told = True
                self._reporter.note(f"{_who(held_by)} holds the installation: waiting to see whether it is alive")
            time.sleep(_LOOK_SECONDS)

    def _create(self) -> bool:
        metadata = {"name": NAME, "namespace": self._namespace}
        manifest = {"apiVersion": kinds.LEASE.api_version, "kind": kinds.LEASE.name, "metadata": metadata}
        asked = _clocks()
        try:
            self._is_mine(self._cluster.create({**manifest, "spec": self._spec()}), asked)
        except AlreadyExistsError:
            return False
        return True

    def _take_over(self, live: Object) -> bool:
        transitions = live["spec"].get("leaseTransitions", 0) + 1
        asked = _clocks()
        try:
            self._is_mine(self._patch(live["metadata"]["resourceVersion"], self._spec(transitions)), asked)
        except StaleError:
            return False
        return True

    def _keep(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with self._turn:
                if self._ended.is_set():
                    return
                try:
                    self._renew()
                except LockedError:
                    return  # `check` tells
                except TodoctlError as error:
                    self._reporter.debug(f"Lease/{NAME} could not be renewed: {error.because or error.what}")

    def _renew(self) -> None:
        while self._lost is None:
            asked = _clocks()
            try:
                self._is_mine(self._patch(self._version, {"renewTime": _now()}), asked)
            except ApiError as error:
                if not isinstance(error, StaleError) and error.status != HTTPStatus.NOT_FOUND:
                    raise
                live = self._cluster.get(kinds.LEASE, NAME, self._namespace)
                if live is not None and live["spec"].get("holderIdentity") == self._holder.identity:
                    # A renewal of ours whose answer got lost: when it took place nobody knows, so it is done again.
                    self._version = live["metadata"]["resourceVersion"]
                    continue
                self._lost = _who(live["spec"].get("holderIdentity") or "nobody") if live else "nobody"
            else:
                return
        raise LockedError(
            "lock.lost",
            f"this run no longer holds namespace `{self._namespace}`",
            because=f"its Lease is held by {self._lost} now, so nothing more was written",
            hint="run the command again when no other run works on the installation",
        )

    def _patch(self, version: str, spec: dict[str, Any]) -> Object:
        bounded = self._cluster.within(Deadline(RENEW_SECONDS))
        changes = {"metadata": {"resourceVersion": version}, "spec": spec}
        return bounded.patch(kinds.LEASE, NAME, self._namespace, changes)

    def _spec(self, transitions: int = 0) -> dict[str, Any]:
        now = _now()
        return {
            "holderIdentity": self._holder.identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _is_mine(self, live: Object, asked: tuple[float, float]) -> None:
        """Note the version, and since when it counts: from before it was asked for, as others may have seen it then."""
        self._version = live["metadata"]["resourceVersion"]
        self._renewed = asked

    def _fresh(self) -> bool:
        return self._lost is None and self._age() < FRESH_SECONDS

    def _age(self) -> float:
        # The monotonic clock may stand still while the machine sleeps; the other one may be set.
        return max(time.monotonic() - self._renewed[0], time.time() - self._renewed[1])


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.time()


def _held(live: Object, namespace: str) -> LockedError:
    spec = live["spec"]
    return LockedError(
        "lock.held",
        f"another run of todoctl works on namespace `{namespace}`",
        because=f"{_who(spec['holderIdentity'])} holds its Lease since {spec.get('acquireTime')}, and renews it",
        hint="wait until that run has ended, then run the command again",
    )


def _who(identity: str) -> str:
    host, _, rest = identity.partition("/")
    return f"process {rest.partition('/')[0]} on `{host}`" if rest else identity


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
