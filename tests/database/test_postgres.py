"""What is asked of the pod's Postgres when a restore does not end well; tests/e2e has a real one."""

from __future__ import annotations

import contextlib

import pytest

from todoctl.adapters.exec import LostError
from todoctl.database.postgres import Postgres
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError


class Answering:
    """A cluster whose programs answer one after the other: with lines, or with an error."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.ran = []

    def execute(self, _namespace, _pod, _container, argv, *, stdin, deadline, **_):
        self.ran.append((argv, b"".join(stdin), deadline.seconds))
        return contextlib.nullcontext(self._answer(self.answers.pop(0)))

    @staticmethod
    def _answer(answer):
        if not isinstance(answer, bytes):
            raise answer
        yield answer


def replace(cluster):
    Postgres(cluster, "todo-app", lambda: Deadline(600)).replace([b"dump"], 4)


def test_a_restore_that_ended_well_stops_nothing():
    cluster = Answering(b"0\nrestored\n")
    replace(cluster)
    ((argv, stdin, _),) = cluster.ran
    assert stdin == b"dump"
    assert argv[argv.index("env") : argv.index("env") + 3] == ("env", "PGAPPNAME=todoctl-restore", "psql")


@pytest.mark.parametrize("error", [LostError("cluster.exec", "lost"), KeyboardInterrupt()], ids=["lost", "Ctrl-C"])
def test_a_transaction_whose_connection_was_lost_is_ended_in_the_pod(error):
    cluster = Answering(error, b"t\n")
    with pytest.raises(type(error)):
        replace(cluster)
    (argv, stdin, seconds) = cluster.ran[1]
    assert "env" not in argv
    assert b"pg_terminate_backend" in stdin
    assert b"application_name = 'todoctl-restore'" in stdin
    assert seconds == pytest.approx(20)


def test_a_pod_that_is_gone_does_not_hide_what_went_wrong_first():
    cluster = Answering(LostError("cluster.exec", "lost first"), ClusterError("cluster.exec", "gone"))
    with pytest.raises(LostError, match="lost first"):
        replace(cluster)
