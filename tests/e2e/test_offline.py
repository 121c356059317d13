"""The bundle, from the cluster that it is saved from to an install that asks no network for anything."""

import ipaddress
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import takewhile
from pathlib import Path

import pytest

from harness import PROFILE, Browser, becomes, command
from todoctl.errors import TodoctlError
from todoctl.targets.minikube import Minikube
from todoctl.targets.reference import qualified

pytestmark = [
    pytest.mark.minikube,
    pytest.mark.skipif(not shutil.which("strace"), reason="needs strace on PATH"),
]

NAMESPACE, HOST = "t-offline", "offline.local"
PEAK_BYTES = 80_000_000
PREFLIGHT, ARCHIVE = 4, 14


def peak(argv):
    """Run a program; return how it ended, its output, and the most memory that the process itself held, in bytes."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        most = 0
        while running.poll() is None:
            try:
                status = Path(f"/proc/{running.pid}/status").read_text()
            except OSError:
                break
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                most = max(most, int(found[1]) * 1024)
            time.sleep(0.02)
        out, err = running.communicate()
    assert most, "the peak was not seen"
    return running.returncode, out, err, most


@pytest.fixture(scope="module")
def saved(installed, zipapp, tmp_path_factory):
    """Save a bundle of the running cluster: its path, what was told, and the peak of memory."""
    path = tmp_path_factory.mktemp("bundle") / "todo.bundle"
    code, out, err, most = peak([sys.executable, zipapp, "bundle", "save", "-p", PROFILE, str(path), "-o", "json"])
    assert code == 0, err
    yield path, json.loads(out)["data"], most
    path.unlink()


def references(data):
    return [reference for entry in data["entries"] for reference in entry["references"]]


def test_a_bundle_has_the_zipapp_every_image_and_those_of_the_addons(saved, zipapp, kubectl, tmp_path):
    path, data, _ = saved
    assert path.stat().st_size == data["size"]
    assert {one.rpartition(":")[0] for one in references(data)} >= {"todo-backend", "todo-frontend", "postgres"}
    addons = kubectl.json("get", "pods", "-n", "ingress-nginx")["items"]
    addons += kubectl.json("get", "pods", "-n", "kube-system", "-l", "k8s-app=metrics-server")["items"]
    ids = {c["imageID"].rpartition("@")[2] for pod in addons for c in pod["status"]["containerStatuses"]}
    assert len(ids) > 1
    assert ids <= {entry["config"] for entry in data["entries"]}
    assert data["missing"] == []
    command("tar", "-xf", str(path), "-C", str(tmp_path), "todoctl.pyz")
    assert (tmp_path / "todoctl.pyz").read_bytes() == Path(zipapp).read_bytes()


def test_saving_takes_little_memory_whatever_the_images_size(saved):
    _, data, most = saved
    assert data["size"] > 4 * PEAK_BYTES
    assert most <= PEAK_BYTES


def held_after(*removal):
    """Remove an image from the node, and return what the kubelet, which may hear of it later, finds there."""
    command("docker", "exec", PROFILE, *removal, check=False)
    try:
        return Minikube(PROFILE).node_images(PROFILE).get(qualified(removal[-1]))
    except TodoctlError as error:  # a runtime that is busy is asked again
        raise AssertionError(error) from error


@pytest.fixture(scope="module")
def offline(saved, todoctl, kubectl, zipapp, tmp_path_factory):
    """Install from the bundle, onto a node that has the images no more, watched by strace and `docker events`."""
    path, data, _ = saved
    # Two cores do not hold both; and an image that no pod uses can go.
    assert todoctl("uninstall", "--yes").code == 0
    kubectl("wait", "-n", "todo-app", "pods", "--all", "--for=delete", "--timeout=300s")
    for reference in references(data):
        if reference.startswith(("todo-", "postgres:")):
            becomes(None, partial(held_after, "crictl", "rmi", reference))
    trace = tmp_path_factory.mktemp("strace") / "connects"
    since = str(time.time())
    outcome = subprocess.run(
        [
            *("strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace)),
            *(sys.executable, zipapp, "install", "--offline", "--bundle", str(path), "-p", PROFILE),
            *("-n", NAMESPACE, "--host", HOST, "-o", "json"),
        ],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "MINIKUBE_WANTUPDATENOTIFICATION"},
    )
    events = command(
        *("docker", "events", "--since", since, "--until", str(time.time())),
        *("--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"),
    )
    try:
        assert outcome.returncode == 0, outcome.stderr
        yield json.loads(outcome.stdout)["data"], trace.read_text(), events.splitlines()
    finally:
        todoctl("uninstall", "--data", "--yes", "-n", NAMESPACE)
        again = todoctl("install")  # what the tests of other files find
    assert again.code == 0, again.err


def test_an_offline_install_asks_nothing_but_this_machine_and_the_nodes(offline):
    network = json.loads(command("docker", "network", "inspect", PROFILE))
    near = [ipaddress.ip_network(network[0]["IPAM"]["Config"][0]["Subnet"]), ipaddress.ip_network("127.0.0.0/8")]
    connects = re.findall(r"connect\(\d+, \{sa_family=(\w+)(.*?)\}", offline[1])
    assert {"AF_UNIX", "AF_INET"} <= {family for family, _ in connects}
    for family, rest in connects:
        if family in {"AF_UNIX", "AF_NETLINK", "AF_UNSPEC"}:
            continue
        (address,) = re.findall(r'inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"', rest)
        assert address == "::1" or any(ipaddress.ip_address(address) in one for one in near), address


def test_it_has_docker_pull_build_or_load_nothing(offline, saved):
    assert any(event.startswith("container exec_start") for event in offline[2]), "nothing was seen at all"
    assert not [event for event in offline[2] if event.startswith(("image pull", "image load", "image import"))]
    # A build ends by giving its image a name.
    named = {event.rpartition(" ")[2] for event in offline[2] if event.startswith("image tag")}
    assert not named & set(references(saved[1]))


def test_the_images_come_from_the_file_and_the_app_answers(offline, saved, address):
    data = offline[0]
    assert data["images"] == []
    sent = {reference for one in data["sideloaded"] if one["sent"] for reference in one["references"]}
    assert {one for one in references(saved[1]) if one.startswith(("todo-", "postgres:"))} == sent
    browser = Browser(address, HOST)
    becomes(200, lambda: browser.sign_up("offline@example.org")[0])
    assert browser.titles() == []


def test_a_second_offline_install_sends_and_changes_nothing(offline, saved, todoctl):
    again = todoctl("install", "--offline", "--bundle", str(saved[0]), "-n", NAMESPACE, "--host", HOST, "-o", "json")
    assert again.code == 0, again.err
    assert again.data["changed"] is False
    assert [one["sent"] for one in again.data["sideloaded"]] == [0] * len(again.data["sideloaded"])


POSTGRES = "docker.io/library/postgres:17"


@pytest.fixture
def without_postgres(offline, saved, zipapp):
    """Take its image from the node, though a pod uses it; return the install that sends it anew."""
    becomes(None, partial(held_after, "ctr", "-n", "k8s.io", "images", "rm", POSTGRES))
    arguments = ["install", "--offline", "--bundle", str(saved[0]), "-p", PROFILE, "-n", NAMESPACE, "--host", HOST]
    return [sys.executable, zipapp, *arguments, "-o", "json"]


def test_an_offline_install_that_was_killed_while_it_sends_is_finished_by_the_next(without_postgres, address):
    with subprocess.Popen(without_postgres, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as killed:
        said = list(takewhile(lambda line: line.rstrip() != "Sideload", killed.stderr))
        killed.kill()
    assert killed.returncode == -signal.SIGKILL, "".join(said)
    again = subprocess.run(without_postgres, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert POSTGRES in Minikube(PROFILE).node_images(PROFILE)
    becomes(200, lambda: Browser(address, HOST)("GET", "/healthz")[0])


def test_installing_takes_little_memory_whatever_the_images_size(without_postgres, saved):
    (biggest,) = [entry for entry in saved[1]["entries"] if entry["references"] == ["postgres:17"]]
    assert biggest["size"] > PEAK_BYTES
    code, out, err, most = peak(without_postgres)
    assert code == 0, err
    sent = [one["sent"] for one in json.loads(out)["data"]["sideloaded"]]
    assert biggest["size"] in sent
    assert most <= PEAK_BYTES


def test_a_profile_that_is_not_there_is_not_made(saved, todoctl):
    outcome = todoctl("install", "--offline", "--bundle", str(saved[0]), "-p", "t-nobody", "--yes")
    assert outcome.code == PREFLIGHT, outcome.err
    assert "there is no profile `t-nobody`" in outcome.err
    assert "hint: " in outcome.err
    assert "t-nobody" not in command("minikube", "profile", "list", "-o", "json", "--light")


@pytest.mark.parametrize("damage", ["turned", "cut", "foreign"])
def test_a_damaged_or_foreign_bundle_is_refused_before_anything_is_touched(damage, saved, todoctl, kubectl, tmp_path):
    path = tmp_path / "todo.bundle"
    if damage == "turned":
        # In the zipapp, which comes first, so that little has to be read; tests/test_bundle.py turns bits everywhere.
        path.hardlink_to(saved[0])
        turn(path, 1_000_000)
    elif damage == "cut":
        with saved[0].open("rb") as file:
            path.write_bytes(file.read(1_000_000))
    else:
        path.write_bytes(os.urandom(100_000))
    outcome = todoctl("install", "--offline", "--bundle", str(path), "-n", "t-damaged", "--host", "damaged.local")
    assert outcome.code == ARCHIVE, outcome.err
    assert outcome.err.count("error: ") == 1
    assert "hint: " in outcome.err
    assert "t-damaged" not in kubectl("get", "namespaces", "-o", "name")
    assert todoctl("bundle", "verify", str(path)).code == ARCHIVE
    if damage == "turned":
        turn(path, 1_000_000)
        assert todoctl("bundle", "verify", str(path)).code == 0


def turn(path, place):
    """Turn one bit of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        turned = file.read(1)[0] ^ 1
        file.seek(place)
        file.write(bytes([turned]))
