import json
import re
import stat
import sys
from contextlib import suppress

import pytest

from todoctl.cli import logfile
from todoctl.cli.logfile import LogFile
from todoctl.cli.main import main
from todoctl.cli.terminal import Terminal
from todoctl.errors import ClusterError, ConsentError, ExitCode, PreflightError, SideloadError, UsageError
from todoctl.steps import Steps


@pytest.fixture
def folder(tmp_path, monkeypatch):
    logs = tmp_path / "state" / "log"
    monkeypatch.setattr("todoctl.cli.logfile.folder", lambda: logs)
    return logs


@pytest.fixture
def build(monkeypatch, capsys):
    """Run `todoctl build` with a step that does as told; give its exit code and what it printed."""

    def of(step, *arguments):
        def fingerprint(steps):
            step(steps.reporter)
            return []

        monkeypatch.setattr(Steps, "fingerprint", fingerprint)
        monkeypatch.setattr(Steps, "build", lambda *_: [])
        code = main(["build", *arguments])
        return code, *capsys.readouterr()

    return of


def only(folder):
    (file,) = folder.iterdir()
    return file


def entries(file):
    """Return a log without its times, after a look at each of them."""
    lines = file.read_text("utf-8").splitlines()
    assert [line for line in lines if not re.match(r"\d\d:\d\d:\d\d\.\d{3} \w+ ", line)] == []
    return [line[13:] for line in lines]


def talk(reporter):
    reporter.note("one\ntwo")
    reporter.debug("GET /api 200 3 ms")
    reporter.warn("careful")


def test_a_log_has_everything_that_was_told_and_what_debug_would_tell(folder, build):
    code, _, err = build(talk)
    assert code == 0
    assert "GET /api" not in err
    begin, *rest, done, end = entries(only(folder))
    assert re.fullmatch(r"begin \d{4}-\d\d-\d\d [+-]\d{4}, version \S+: todoctl build", begin)
    assert rest == ["step  Build", "note  one", "note  two", "debug GET /api 200 3 ms", "warn  careful"]
    assert re.fullmatch(r"done  Build: 0\.\d{3} s", done)
    assert end == "end   exit code 0"


def test_a_log_is_the_users_own(folder, build):
    build(talk)
    file = only(folder)
    assert re.fullmatch(r"\d{8}T\d{6}Z-build-\d+\.log", file.name)
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_does_not_reach_the_log(folder, build):
    build(lambda reporter: reporter.debug("DATABASE_URL=postgresql://todo:hunter2@db/todo password=hunter2"))
    assert "hunter2" not in only(folder).read_text("utf-8")
    assert "postgresql://todo:***@db/todo" in only(folder).read_text("utf-8")


def fail(reporter):
    raise SideloadError("made.up", "it failed", because="the disk is full", hint="free space", details=("last line",))


def test_an_error_names_the_log_which_has_the_traceback(folder, build):
    code, out, err = build(fail, "-o", "json")
    file = only(folder)
    assert code == ExitCode.SIDELOAD
    assert err.endswith(
        f"error: it failed\n  because: the disk is full\n  | last line\n  log: {file}\n\nhint: free space\n"
    )
    assert json.loads(out)["error"]["log"] == str(file)
    text = file.read_text("utf-8")
    assert "Traceback (most recent call last):" in text
    assert entries(file)[-6:] == [
        "debug `todoctl doctor --explain made.up` says more",
        "error it failed",
        "why   the disk is full",
        "hint  free space",
        "more  last line",
        "end   exit code 6",
    ]


def test_debug_shows_how_an_error_is_explained_and_nothing_else_does(folder, build):
    assert "--explain" not in build(fail)[2]
    _, _, err = build(fail, "--debug")
    assert "  · `todoctl doctor --explain made.up` says more\nerror: it failed\n" in err


def test_an_unforeseen_error_leaves_its_traceback_in_the_log(folder, build):
    code, _, err = build(lambda _: {}["spec"])
    assert code == ExitCode.FAILURE
    assert "Traceback" not in err
    assert str(only(folder)) in err
    assert any("KeyError: 'spec'" in line for line in entries(only(folder)))


def ends_with(error):
    """Return a step of a verb that changes nothing, which fails."""

    def fingerprint(steps):
        steps.reporter.debug("what --debug would tell")
        raise error

    return fingerprint


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyError("spec"), ExitCode.FAILURE),
        (ClusterError("cluster.unreachable", "no answer"), ExitCode.CLUSTER),
        (PreflightError("docker.missing", "no Docker"), ExitCode.PREFLIGHT),
    ],
)
def test_a_verb_that_changes_nothing_leaves_a_log_where_it_fails(folder, monkeypatch, capsys, error, code):
    monkeypatch.setattr(Steps, "fingerprint", ends_with(error))
    assert main(["manifests"]) == code
    assert f"log: {only(folder)}" in capsys.readouterr().err
    begin, *rest = entries(only(folder))
    assert begin.endswith(": todoctl manifests")
    assert "debug what --debug would tell" in rest
    assert any(type(error).__name__ in line for line in rest)
    assert rest[-1] == f"end   exit code {code}"


@pytest.mark.parametrize(
    "error", [UsageError("usage", "no"), ConsentError("consent.declined", "no"), KeyboardInterrupt()]
)
def test_it_leaves_none_where_whoever_runs_it_ends_it(folder, monkeypatch, capsys, error):
    monkeypatch.setattr(Steps, "fingerprint", ends_with(error))
    assert main(["manifests"]) != 0
    assert not folder.exists()
    assert "log:" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["version"], ["--help"], ["build", "--help"], ["build", "--nonsense"], ["nonsense"]]
)
def test_what_changes_nothing_leaves_no_log(folder, capsys, arguments):
    with suppress(SystemExit):
        main(arguments)
    assert not folder.exists()
    assert "log:" not in capsys.readouterr().err


def test_the_newest_logs_stay(folder):
    folder.mkdir(parents=True)
    for day in range(1, 31):
        (folder / f"202001{day:02}T000000Z-install-1.log").touch()
    (folder / "notes.txt").touch()
    log = LogFile()
    log.begin("install")
    log.end(0)
    kept = sorted(folder.iterdir())
    assert [file.name for file in kept[:2]] == ["20200122T000000Z-install-1.log", "20200123T000000Z-install-1.log"]
    assert len(kept) == logfile.KEPT + 1
    assert log.path in kept


def test_a_verbs_logs_push_out_no_other_verbs(folder):
    folder.mkdir(parents=True)
    others = [f"20200101T000000Z-{verb}-1.log" for verb in ("install", "uninstall", "secrets-rotate", "secrets-names")]
    for name in others:
        (folder / name).touch()
    for second in range(15):
        (folder / f"20200102T0000{second:02}Z-secrets-names-1.log").touch()
    log = LogFile()
    log.begin("secrets names")
    log.end(0)
    assert {file.name for file in folder.iterdir()} >= set(others[:3])
    assert len(list(folder.glob("*-secrets-names-*"))) == logfile.KEPT


def test_a_report_has_the_newest_logs_of_the_last_verbs_that_left_one(folder):
    folder.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="no log"):
        logfile.newest()
    verbs = ["build", "diff", "install", "install", "status", "status"]
    for day, verb in enumerate(verbs, start=1):
        (folder / f"2020010{day}T000000Z-{verb}-7.log").write_text(f"{verb} of day {day}\n")
    texts = [line for line in logfile.newest().splitlines() if " of day " in line]
    assert texts == ["status of day 6", "install of day 4", "diff of day 2"]


def test_a_folder_that_cannot_be_written_costs_nothing(folder, build, tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    code, _, err = build(fail)
    assert code == ExitCode.SIDELOAD
    assert "log:" not in err
    assert "error: it failed" in err


def test_a_log_that_cannot_be_written_any_more_costs_nothing(folder):
    log = LogFile()
    log.begin("install")
    log.end(0)
    log.write("note", "after the end")  # as where the disk is full: writing raises


def test_quiet_leaves_warnings_and_errors_and_the_log_has_all(folder, build):
    code, out, err = build(talk, "-q")
    assert (code, out, err) == (0, "", "warning: careful\n")
    assert "note  one" in entries(only(folder))
    assert build(fail, "--quiet")[2].startswith("error: it failed\n")


def test_each_verb_of_a_verb_has_its_own_name_in_the_logs(folder):
    log = LogFile(["secrets", "rotate", "a b"])
    log.begin("secrets rotate")
    assert "-secrets-rotate-" in log.path.name
    assert entries(log.path)[0].endswith("todoctl secrets rotate 'a b'")


def test_a_question_is_in_the_log(folder):
    log = LogFile()
    log.begin("install")
    Terminal(assume_yes=True, log=log).confirm("Start it?")
    assert entries(log.path)[1:] == ["ask   Start it?"]
