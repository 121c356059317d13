"""The Lease: one suite for a cluster made up in memory, and for a real one."""

import copy
import itertools
import secrets as random
import threading
import time
from dataclasses import dataclass, field

import pytest

from harness import PROFILE
from todoctl.adapters import kinds
from todoctl.adapters.apiserver import AlreadyExistsError, ApiError, StaleError
from todoctl.adapters.kubernetes import Cluster
from todoctl.deadline import Deadline
from todoctl.errors import LockedError
from todoctl.locks import lease as module
from todoctl.locks.file import Holder
from todoctl.locks.lease import NAME, Lease

MINE, OTHER = Holder("here", 1, "aa11"), Holder("there", 2, "bb22")


@dataclass
class InMemory:
    """The one Lease of a cluster, with the API's rules about versions."""

    live: dict | None = None
    version: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def within(self, _deadline):
        return self

    def guarded(self, _before_write):
        return self

    def get(self, _kind, _name, _namespace):
        return copy.deepcopy(self.live)

    def _store(self, item):
        self.version += 1
        self.live = copy.deepcopy(item)
        self.live["metadata"]["resourceVersion"] = str(self.version)
        return copy.deepcopy(self.live)

    def create(self, manifest):
        with self.lock:
            if self.live is not None:
                raise AlreadyExistsError("no", status=409, reason="AlreadyExists", because="it is there")
            return self._store(manifest)

    def patch(self, _kind, _name, _namespace, changes):
        with self.lock:
            self._require(changes.get("metadata", {}).get("resourceVersion"))
            return self._store({**self.live, "spec": {**self.live["spec"], **changes["spec"]}})

    def delete(self, _kind, _name, _namespace, *, resource_version=None, propagation):
        with self.lock:
            assert propagation == "Background"
            self._require(resource_version)
            self.live = None
        return True

    def _require(self, version):
        if self.live is None:
            raise ApiError("no", status=404, reason="NotFound", because="it is not there")
        if version not in (None, self.live["metadata"]["resourceVersion"]):
            raise StaleError("no", status=409, reason="Conflict", because="it is another version")


@pytest.fixture(params=["in memory", pytest.param("real", marks=pytest.mark.minikube)])
def world(request):
    """A cluster and a namespace of it with no Lease."""
    if request.param == "in memory":
        yield InMemory(), "t-lease"
        return
    request.getfixturevalue("installed")
    cluster, namespace = Cluster.connect(PROFILE), f"t-lease-{random.token_hex(4)}"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    yield cluster, namespace
    cluster.delete(kinds.NAMESPACE, namespace, propagation="Background")


def held_by(world):
    cluster, namespace = world
    live = cluster.get(kinds.LEASE, NAME, namespace)
    return live and live["spec"]["holderIdentity"]


def left_behind(world, holder, *, seconds=30):
    """Have a run take the Lease and end without a word."""
    cluster, namespace = world
    lease = Lease(cluster, namespace, holder, None)
    lease._take()
    cluster.patch(kinds.LEASE, NAME, namespace, {"spec": {"leaseDurationSeconds": seconds}})


def test_a_lease_is_held_while_the_block_runs_and_gone_after_it(world, heard):
    with Lease(*world, MINE, heard) as lease:
        assert held_by(world) == "here/1/aa11"
        lease.check()
    assert held_by(world) is None


def test_an_error_in_the_block_releases_it_too(world, heard):
    with pytest.raises(KeyboardInterrupt), Lease(*world, MINE, heard):
        raise KeyboardInterrupt
    assert held_by(world) is None


def test_a_live_holder_elsewhere_is_named_as_soon_as_it_renews(world, heard, monkeypatch):
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.2)
    with Lease(*world, OTHER, heard):
        with pytest.raises(LockedError, match="another run") as refused, Lease(*world, MINE, heard):
            pass
        assert "process 2 on `there` holds its Lease since 20" in refused.value.because
        assert held_by(world) == "there/2/bb22"


def test_a_dead_holder_elsewhere_is_taken_over_when_its_time_is_over(world, heard):
    left_behind(world, OTHER, seconds=2)
    with Lease(*world, MINE, heard):
        assert held_by(world) == "here/1/aa11"
    assert [note for note in heard.notes if "waiting to see whether it is alive" in note]


def test_a_wait_is_told_once_however_slowly_this_machine_goes_on(heard, monkeypatch):
    cluster, clock = (InMemory(), "t-lease"), itertools.count()
    left_behind(cluster, OTHER, seconds=9)
    monkeypatch.setattr(module, "Deadline", lambda seconds: Deadline(seconds, lambda: float(next(clock))))
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    Lease(*cluster, MINE, heard)._take()
    assert heard.notes == ["process 2 on `there` holds the installation: waiting to see whether it is alive"]


def test_a_dead_holder_on_this_host_is_taken_over_at_once(world, heard):
    left_behind(world, Holder("here", 77, "aa11"), seconds=3600)
    with Lease(*world, MINE, heard):
        assert held_by(world) == "here/1/aa11"
    assert heard.notes == []


def test_whoever_lost_the_lease_is_stopped_before_the_next_write(world, heard):
    cluster, namespace = world
    with Lease(cluster, namespace, MINE, heard) as lease:
        lease.check()
        cluster.patch(kinds.LEASE, NAME, namespace, {"spec": {"holderIdentity": OTHER.identity}})
        lease._renewed = (0.0, 0.0)  # long ago
        with pytest.raises(LockedError, match="no longer holds") as lost:
            lease.check()
        assert "process 2 on `there`" in lost.value.because
        with pytest.raises(LockedError, match="no longer holds"):
            lease.check()
    assert held_by(world) == "there/2/bb22", "what is another's is not released"


def test_a_lease_that_ran_out_and_that_nobody_took_is_renewed_by_the_next_write(world, heard, monkeypatch):
    cluster, namespace = world
    with Lease(cluster, namespace, MINE, heard) as lease:
        before = cluster.get(kinds.LEASE, NAME, namespace)
        # The machine slept: only the wall clock went on.
        monkeypatch.setattr(time, "time", lambda: time.monotonic() + 1e10)
        lease.check()
        assert (
            cluster.get(kinds.LEASE, NAME, namespace)["metadata"]["resourceVersion"]
            != (before["metadata"]["resourceVersion"])
        )


@dataclass
class Clocks:
    """Both clocks, which a request may move on."""

    now: float = 1000.0

    def monotonic(self):
        return self.now

    time = monotonic


def test_a_lease_is_trusted_for_less_than_it_lasts_from_when_it_was_asked_for(heard, monkeypatch):
    cluster, clocks = InMemory(), Clocks()
    lease = Lease(cluster, "t-lease", MINE, heard)
    monkeypatch.setattr(module, "time", clocks)
    create = cluster.create

    def slow(manifest):
        made = create(manifest)
        clocks.now += 9
        return made

    monkeypatch.setattr(cluster, "create", slow)
    lease._take()
    clocks.now = 1019
    assert lease.check().seconds == 30 - 19, "a write must end before others may take over"
    assert cluster.version == 1
    clocks.now = 1021
    assert lease.check().seconds == 30
    assert cluster.version == 2
    assert module.FRESH_SECONDS + module.RENEW_SECONDS <= module.DURATION_SECONDS


def test_a_renewal_whose_answer_got_lost_is_done_again(heard):
    cluster = InMemory()
    with Lease(cluster, "t-lease", MINE, heard) as lease:
        cluster.patch(kinds.LEASE, NAME, "t-lease", {"spec": {}})
        lease._renewed = (0.0, 0.0)  # long ago
        lease.check()
        assert cluster.version == 3
        assert lease._fresh()


def test_of_many_that_want_it_at_once_one_gets_it(world, heard, monkeypatch):
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.2)
    got, refused, done = [], [], threading.Event()

    def want(number):
        try:
            with Lease(*world, Holder("there", number, f"token{number}"), heard):
                got.append(number)
                done.wait(300)
        except LockedError:
            refused.append(number)
        if len(refused) == 4:
            done.set()

    threads = [threading.Thread(target=want, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 4)
