"""Pushing to a real registry; and what `docker manifest inspect` answers, as Docker 20.10 and 27 write it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import registry

from todoctl.adapters import docker
from todoctl.deadline import Deadline
from todoctl.errors import ExitCode, RegistryError
from todoctl.images import causes
from todoctl.images.build import Built
from todoctl.images.image import BACKEND
from todoctl.images.push import Pushed, find, push

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def entry(digest: str, *, architecture: str | None = "amd64", os: str = "linux") -> dict[str, Any]:
    platform = {"platform": {"architecture": architecture, "os": os}} if architecture else {}
    return {"Ref": "r", "Descriptor": {"mediaType": "m", "digest": digest, "size": 1, **platform}}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(entry(DIGEST), DIGEST, id="one manifest"),
        pytest.param(entry(DIGEST, architecture=None), DIGEST, id="one manifest that names no platform"),
        pytest.param(entry(DIGEST, architecture="arm64"), None, id="one manifest of another platform"),
        pytest.param([entry(OTHER, architecture="arm64"), entry(DIGEST)], DIGEST, id="an index"),
        pytest.param(
            [entry(DIGEST), entry(OTHER, architecture="unknown", os="unknown")], DIGEST, id="an index with attestations"
        ),
        pytest.param([entry(OTHER, architecture="arm64")], None, id="an index without the platform"),
        pytest.param([], None, id="an empty index"),
    ],
)
def test_the_digest_is_the_platforms(answer: Any, found: str | None) -> None:
    assert find(answer, "linux/amd64") == found


def test_a_pinned_reference_keeps_the_registrys_port_and_has_no_tag() -> None:
    pushed = Pushed(BACKEND, "r.example.com:5000/a/todo-backend:0a1b", DIGEST, pushed=True, seconds=1)
    assert pushed.pinned == f"r.example.com:5000/a/todo-backend@{DIGEST}"


@pytest.mark.parametrize(
    ("said", "id_"),
    [
        ("no basic auth credentials", "denied"),
        ("denied: requested access to the resource is denied", "denied"),
        ("unauthorized: authentication required", "denied"),
        ('Get "https://r.example.com/v2/": x509: certificate has expired or is not yet valid: current time', "clock"),
        (
            'Get "https://r.example.com/v2/": x509: certificate is valid for o.example.com, not r.example.com',
            "tls-name",
        ),
        ('Get "https://r.example.com/v2/": x509: certificate signed by unknown authority', "tls-untrusted"),
        ('Get "https://r.example.com/v2/": http: server gave HTTP response to HTTPS client', "no-tls"),
        ('Get "https://r.example.com/v2/": dial tcp: lookup r.example.com on 10.0.0.1:53: no such host', "no-host"),
        ('Get "https://r.example.com/v2/": dial tcp 10.0.0.9:443: connect: connection refused', "no-answer"),
        (
            "name unknown: The repository with name 'todo/todo-backend' does not exist in the registry with id '1'",
            "repository-missing",
        ),
        ("received unexpected HTTP status: 413 Request Entity Too Large", "registry-full"),
    ],
)
def test_what_docker_says_of_a_failed_push_is_explained(said: str, id_: str) -> None:
    cause = causes.find(said, causes.ON_PUSH)
    assert cause is not None
    assert cause.id == id_


needs_registry = pytest.mark.skipif(registry.missing() is not None, reason=registry.missing() or "")


@pytest.fixture(scope="module")
def engine() -> docker.Docker:
    return docker.connect()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[registry.Registry]:
    with registry.running(tmp_path) as served:
        yield served


@pytest.fixture
def built(sources) -> Built:
    sources.write("app/src/main.py", sources.image.name)
    reference = sources.image.reference("0a1b2c3d4e5f")
    argv = ["docker", "build", "--quiet", "--tag", reference, "--file", str(sources.root / sources.image.dockerfile)]
    subprocess.run([*argv, str(sources.root / "app")], check=True, capture_output=True)
    return Built(sources.image, reference, built=True, seconds=1.0, size=1)


def pushed(built: Built, to: str, engine: docker.Docker, heard, *, seconds: float = 180) -> Pushed:
    platform = f"linux/{engine.engine().architecture}"
    (one,) = push([built], to, platform=platform, engine=engine, reporter=heard, deadline=Deadline(seconds))
    return one


@pytest.mark.docker
@needs_registry
class TestRegistry:
    def test_an_image_is_pushed_once_and_can_be_pulled_by_its_digest(self, built, served, engine, heard) -> None:
        first = pushed(built, f"{served.address}/path", engine, heard)
        assert first.pushed
        assert first.reference == f"{served.address}/path/{built.reference}"
        label, done, total, unit = heard.progressed[-1]
        assert (label, done, unit) == (built.image.name, total, "layers")
        subprocess.run(["docker", "pull", "--quiet", first.pinned], check=True, capture_output=True)
        image = engine.image(first.pinned)
        here = engine.image(built.reference)
        assert image is not None
        assert here is not None
        assert image.id == here.id
        subprocess.run(["docker", "image", "rm", first.pinned], check=True, capture_output=True)
        second = pushed(built, f"{served.address}/path", engine, heard)
        assert (second.pushed, second.digest) == (False, first.digest)

    def test_nothing_of_the_registry_stays_among_the_hosts_images(self, built, served, engine, heard) -> None:
        one = pushed(built, served.address, engine, heard)
        assert engine.image(one.reference) is None
        assert engine.image(built.reference) is not None

    def test_a_fingerprint_that_is_there_is_never_moved(self, sources, built, served, engine, heard) -> None:
        first = pushed(built, served.address, engine, heard)
        sources.write("app/src/main.py", "something else under the same tag")
        argv = ["docker", "build", "--quiet", "--tag", built.reference]
        argv += ["--file", str(sources.root / sources.image.dockerfile), str(sources.root / "app")]
        subprocess.run(argv, check=True, capture_output=True)
        second = pushed(built, served.address, engine, heard)
        assert (second.pushed, second.digest) == (False, first.digest)

    def test_a_registry_that_nobody_runs_is_explained(self, built, engine, heard) -> None:
        with pytest.raises(RegistryError) as caught:
            pushed(built, "127.0.0.1:9/path", engine, heard)
        assert (caught.value.id, caught.value.exit_code) == ("push.no-answer", ExitCode.REGISTRY)
        assert engine.image(f"127.0.0.1:9/path/{built.reference}") is None

    def test_credentials_come_from_dockers_own_configuration(
        self, built, engine, heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with registry.running(tmp_path, login=True) as served:
            with pytest.raises(RegistryError) as caught:
                pushed(built, served.address, engine, heard)
            assert caught.value.id == "push.denied"
            assert f"docker login {served.address}" in str(caught.value.hint)
            folder = tmp_path / "docker"
            folder.mkdir()
            monkeypatch.setenv("DOCKER_CONFIG", str(folder))
            login = ["docker", "login", served.address, "--username", registry.USER, "--password-stdin"]
            subprocess.run(login, input=registry.PASSWORD, text=True, check=True, capture_output=True)
            auth = json.loads((folder / "config.json").read_text())["auths"][served.address]["auth"]
            assert pushed(built, served.address, engine, heard).pushed
            assert auth not in os.linesep.join([*heard.notes, *heard.debugged])

    def test_a_registry_that_stops_answering_ends_by_the_deadline(self, built, engine, heard) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            with pytest.raises(RegistryError) as caught:
                pushed(built, f"127.0.0.1:{silent.getsockname()[1]}", engine, heard, seconds=2)
        assert caught.value.id == "push.timeout"
