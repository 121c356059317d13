import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from todoctl.adapters import docker
from todoctl.deadline import Deadline
from todoctl.errors import BuildError, UsageError
from todoctl.images import host
from todoctl.images.build import Plan, build, plan

pytestmark = pytest.mark.docker

BASE = "python:3.12-slim"


@pytest.fixture(scope="module")
def engine() -> docker.Docker:
    return docker.connect()


def planned(sources) -> Plan:
    return plan(sources.image, sources.root, platform="linux/amd64", version="1.2.3")


def built(sources, engine, heard, **others):
    [one] = build([planned(sources)], sources.root, engine=engine, reporter=heard, deadline=Deadline(180), **others)
    return one


def failure(sources, engine, heard, **others) -> BuildError:
    with pytest.raises(BuildError) as caught:
        built(sources, engine, heard, **others)
    assert engine.image(planned(sources).reference) is None
    return caught.value


def inspect(reference: str, what: str) -> str:
    argv = ["docker", "image", "inspect", "-f", what, reference]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def run(reference: str, *command: str) -> str:
    argv = ["docker", "run", "--rm", "--network=none", reference, *command]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_a_missing_image_is_built_once_and_kept_then(sources, engine, heard) -> None:
    sources.write("dockerfiles/app.Dockerfile", "FROM scratch\nCOPY src /src\n")
    first = built(sources, engine, heard)
    assert first.built
    assert first.reference == f"{sources.image.name}:{planned(sources).fingerprint}"
    assert inspect(first.reference, '{{index .Config.Labels "org.opencontainers.image.version"}}') == "1.2.3"
    second = built(sources, engine, heard)
    assert not second.built
    assert (second.reference, second.size) == (first.reference, first.size)
    assert first.size == len("print('hello')\n") + len("x = 1\n")


def test_the_image_holds_what_the_fingerprint_covers_with_the_same_modes_under_any_umask(
    sources, engine, heard
) -> None:
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\nCOPY . /app/\n")
    (sources.root / "app/src/deep").chmod(0o700)
    (sources.root / "app/src/main.py").chmod(0o700)
    (sources.root / "app/src/deep/other.py").chmod(0o600)
    image = built(sources, engine, heard)
    listed = run(image.reference, "find", "/app/src", "-printf", "%m %U %P\n")
    assert sorted(listed.splitlines()) == ["644 0 deep/other.py", "644 0 main.py", "755 0 ", "755 0 deep"]
    assert run(image.reference, "find", "/app", "-name", ".env") == ""


def test_images_are_built_at_once(sources, engine, heard) -> None:
    # Each waits for the other, in a cache that both have.
    images, name = [], sources.image.name
    for number, other in ((1, 2), (2, 1)):
        meets = f"touch /met/{number} && until [ -e /met/{other} ]; do sleep 0.1; done"
        sources.write(
            f"dockerfiles/{number}.Dockerfile",
            f"FROM {BASE}\nRUN --mount=type=cache,id={name},target=/met {meets}\n",
        )
        sources.write(f"dockerfiles/{number}.Dockerfile.dockerignore", "*")
        images.append(type(sources.image)(name, f"dockerfiles/{number}.Dockerfile", "app"))
    plans = [plan(image, sources.root, platform="linux/amd64", version="1") for image in images]
    done = build(plans, sources.root, engine=engine, reporter=heard, deadline=Deadline(180))
    assert [one.reference for one in done] == [one.reference for one in plans]
    assert all(one.built and one.seconds > 0 for one in done)


def test_the_steps_that_run_something_are_told(sources, engine, heard) -> None:
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\nRUN echo loud\n")
    built(sources, engine, heard)
    step, end = heard.notes
    assert step == f"{sources.image.name}: [2/2] RUN echo loud"
    assert re.fullmatch(rf"{sources.image.name}: built in \d+\.\d s, \d+ MB", end)
    counts = [(done, total) for _, done, total, _ in heard.progressed]
    assert (0, 2) in counts
    assert (2, 2) in counts
    assert any("loud" in line for line in heard.debugged)


def test_a_failed_step_is_named_with_its_last_lines_and_leaves_no_image(sources, engine, heard) -> None:
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\nRUN echo before; pip install --no-such-option\n")
    error = failure(sources, engine, heard)
    assert error.id == "build.failed"
    step = "[2/2] RUN echo before; pip install --no-such-option"
    assert error.what == f"`{sources.image.name}` could not be built in step `{step}`"
    assert error.because
    assert "exit code: 2" in error.because
    assert error.details[0] == "before"
    assert error.details[-1] == "no such option: --no-such-option"


def test_a_base_image_that_cannot_be_had_is_explained(sources, engine, heard) -> None:
    sources.write("dockerfiles/app.Dockerfile", "FROM nosuch.invalid/x:1\n")
    error = failure(sources, engine, heard)
    assert error.id == "build.network"
    assert error.because
    assert "nosuch.invalid" in error.because


def test_a_full_disk_in_a_step_is_explained(sources, engine, heard) -> None:
    step = "RUN dd if=/dev/zero of=/dev/full count=1"
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\n{step}\n")
    error = failure(sources, engine, heard)
    assert error.id == "build.disk-full"
    assert error.hint
    assert "docker builder prune" in error.hint


def test_a_download_that_is_not_what_the_lock_says_is_explained(sources, engine, heard) -> None:
    sources.write("dockerfiles/app.Dockerfile.dockerignore", "*\n!lock\n!*.whl\n")
    sources.write("app/lock", f"x @ file:///x-1-py3-none-any.whl --hash=sha256:{'0' * 64}\n")
    sources.write("app/x-1-py3-none-any.whl", "")
    step = "RUN pip install --no-index --require-hashes -r /lock"
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\nCOPY . /\n{step}\n")
    assert failure(sources, engine, heard).id == "build.hash-mismatch"


def test_no_engine_that_answers_is_explained(sources, engine, heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert failure(sources, engine, heard).id == "build.docker-down"


def test_an_extra_ca_reaches_a_step_and_no_layer(sources, engine, heard, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("made-up certificate")
    step = "RUN --mount=type=secret,id=extra-ca cat /run/secrets/extra-ca | tr a-z A-Z > /seen"
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\n{step}\n")
    image = built(sources, engine, heard, extra_ca=tmp_path / "ca.pem")
    saved = subprocess.run(["docker", "save", image.reference], check=True, capture_output=True).stdout
    assert b"MADE-UP CERTIFICATE" in saved
    assert b"made-up certificate" not in saved


def test_an_extra_ca_that_is_not_there_is_bad_input(sources, engine, heard, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        built(sources, engine, heard, extra_ca=tmp_path / "none.pem")
    assert caught.value.id == "build.extra-ca"


def test_sources_that_are_not_there_are_explained(sources) -> None:
    (sources.root / sources.image.dockerfile).unlink()
    with pytest.raises(BuildError) as caught:
        planned(sources)
    assert caught.value.id == "build.context"
    assert sources.image.dockerfile in str(caught.value.because)


def test_ctrl_c_ends_the_build(sources, engine, heard) -> None:
    # A name that is new each time: a step that once came to its end would be cached.
    sources.write("dockerfiles/app.Dockerfile", f"FROM {BASE}\nRUN sleep 300 && echo {sources.image.name}\n")

    def interrupt() -> None:
        bound = Deadline(120)
        while not heard.notes and not bound.expired():
            time.sleep(0.1)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        built(sources, engine, heard)
    assert engine.image(planned(sources).reference) is None


def test_an_image_that_is_there_is_not_pulled(engine, heard) -> None:
    assert host.pull_missing(BASE, engine=engine, reporter=heard, deadline=Deadline(30)) is False
    assert heard.notes == []


def test_a_pull_that_fails_is_explained(engine, heard) -> None:
    with pytest.raises(BuildError) as caught:
        host.pull_missing("nosuch.invalid/x:1", engine=engine, reporter=heard, deadline=Deadline(180))
    assert caught.value.id == "pull.network"
    assert caught.value.what == "`nosuch.invalid/x:1` could not be pulled"
