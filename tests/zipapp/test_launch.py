"""The zipapp on the Pythons, folders and hosts that it will meet."""

import base64
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAY = 24 * 60 * 60


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_it_runs_on_each_python_that_is_promised(interpreter, zipapp, run):
    code, out, err = run(zipapp, "--version", python=interpreter)
    assert (code, err) == (0, "")
    assert out.startswith("todoctl")


@pytest.mark.parametrize("version", ["3.6", "3.9"])
def test_an_older_python_gets_one_clear_error(version, interpreter, zipapp, run, cache):
    question = [interpreter, "-c", "import sys; print(sys.executable)"]
    path = subprocess.run(question, capture_output=True, text=True, check=True).stdout.strip()
    told = (
        "error: todoctl needs Python 3.10 or newer\n"
        f"  because: `{path}` is Python {version}\n\n"
        f"hint: run it with a newer one, such as `python3.12 {zipapp}`\n"
    )
    assert run(zipapp, "doctor", python=interpreter) == (4, "", told)
    assert not cache.exists()


@pytest.mark.parametrize("name", ["{path}", "./todoctl.pyz", ".././{folder}/todoctl.pyz", "../{folder}/todoctl.pyz"])
def test_it_runs_by_its_own_name_however_that_is_spelt(zipapp, cache, name):
    path = Path(zipapp)
    command = [name.format(path=path, folder=path.parent.name), "--version"]
    done = subprocess.run(
        command, cwd=path.parent, env={**os.environ, "XDG_CACHE_HOME": str(cache)}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_it_has_the_page_that_explains_errors(zipapp, run):
    code, out, err = run(zipapp, "doctor", "--explain", "docker.missing")
    assert (code, err) == (0, "")
    assert "\n\ndocker.command: Docker command, fatal\n" in out


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root, to become someone without a home")
def test_someone_who_may_write_nowhere_but_in_tmp_can_run_it_from_a_read_only_folder(zipapp):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
        shutil.copy(zipapp, folder)
        Path(folder).chmod(0o555)
        Path(scratch).chmod(0o777)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "todoctl.pyz"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TMPDIR": scratch}
        done = subprocess.run(
            [*command, "--version"], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert list(Path(scratch).iterdir()) == []


def test_the_first_run_unpacks_and_the_next_ones_do_not(zipapp, run, cache):
    assert run(zipapp, "--version")[0] == 0
    (build,) = (cache / "todoctl" / "builds").iterdir()
    times = {path: path.stat().st_mtime_ns for path in build.rglob("*.py")}
    assert len(build.name) == 16
    os.utime(build, (0, 0))
    assert run(zipapp, "--version")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in build.rglob("*.py")} == times
    assert build.stat().st_mtime > time.time() - 60  # it counts as used
    assert list((cache / "todoctl" / "builds").iterdir()) == [build]


def test_processes_that_start_at_once_on_an_empty_cache_all_work(zipapp, start, cache):
    processes = [start(zipapp, "--version") for _ in range(6)]
    outcomes = [(process.communicate(timeout=120), process.returncode) for process in processes]
    assert {code for _, code in outcomes} == {0}, outcomes
    assert len(list((cache / "todoctl" / "builds").iterdir())) == 1


def test_a_run_that_was_killed_while_unpacking_does_no_harm(zipapp, start, run, cache):
    builds = cache / "todoctl" / "builds"
    for _ in range(20):  # until a kill does not come too late
        process = start(zipapp, "--version")
        while process.poll() is None and not any("site-packages" in folders for _, folders, _ in os.walk(builds)):
            time.sleep(0.002)
        process.kill()
        process.communicate()
        if list(builds.glob(".unpacking-*")):
            break
        shutil.rmtree(cache)
    assert list(builds.glob(".unpacking-*"))
    assert run(zipapp, "--version")[0] == 0
    assert [folder for folder in builds.iterdir() if len(folder.name) == 16]


def make(folder, days):
    """Make a folder that was last used so many days ago."""
    folder.mkdir(parents=True)
    os.utime(folder, (time.time() - days * DAY,) * 2)


def test_unused_builds_go_but_for_the_newest_three(zipapp, run, cache):
    builds = cache / "todoctl" / "builds"
    ages = {"0" * 16: 0, "1" * 16: 2, "2" * 16: 3, "3" * 16: 4, ".unpacking-x": 5, ".removing-x": 6}
    for name, days in ages.items():
        make(builds / name, days)
    assert run(zipapp, "--version")[0] == 0
    kept = {folder.name for folder in builds.iterdir()}
    assert len(kept) == 3
    assert {"0" * 16, "1" * 16} < kept


def test_what_others_have_in_the_folder_that_shivs_users_name_stays(zipapp, run, cache):
    others = {"another", "another_0123456789abcdef", "e" * 16, ".unpacking-x"}
    for name in others:
        make(cache / name, days=9)
        make(cache / f"newer-{name}", days=0)  # so many that an old one could go
    make(cache / "todoctl" / "notes", days=9)
    for number in range(3):
        make(cache / "todoctl" / f"{number:016x}", days=0)
    assert run(zipapp, "--version", SHIV_ROOT=str(cache))[0] == 0
    assert others < {folder.name for folder in cache.iterdir()}
    assert "notes" in {folder.name for folder in (cache / "todoctl").iterdir()}


def test_builds_in_use_stay_however_many(zipapp, run, cache):
    builds = cache / "todoctl" / "builds"
    for number in range(5):
        make(builds / f"{number:016x}", days=0)
    assert run(zipapp, "--version")[0] == 0
    assert len(list(builds.iterdir())) == 6


def test_packages_of_the_host_neither_shadow_nor_fill_in(probe, run, tmp_path):
    host = tmp_path / "host"
    host.mkdir()
    (host / "click.py").write_text("raise SystemExit('the host has taken over')")
    (host / "only_on_host.py").touch()
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "only_in_venv.py").touch()
    (packages / "more.pth").write_text(f"{host}\n")
    source = (
        "import json, sys, importlib.util as util\n"
        "def main():\n"
        "    import click\n"
        "    names = ['only_on_host', 'only_in_venv', 'json', 'ssl', '_ssl', 'launch']\n"
        "    print(json.dumps([click.__file__, [name for name in names if util.find_spec(name)]]))\n"
    )
    code, out, err = run(probe(source), python=str(environment / "bin" / "python"), PYTHONPATH=str(host))
    assert (code, err) == (0, "")
    module, found = json.loads(out)
    assert "/todoctl/builds/" in module
    assert found == ["json", "ssl", "_ssl", "launch"]


def test_it_finds_the_same_build_inputs_as_a_clone(probe, run):
    source = (
        "def main():\n"
        "    from todoctl import payload\n"
        "    from todoctl.images.fingerprint import fingerprint\n"
        "    from todoctl.images.image import BUILT\n"
        "    for image in BUILT:\n"
        "        print(fingerprint(image, payload.root(), platform='linux/amd64', labels={}))\n"
    )
    in_clone = subprocess.run(
        [sys.executable, "-c", f"{source}main()"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run(probe(source)) == (0, in_clone.stdout, "")


class Issuer(http.server.BaseHTTPRequestHandler):
    """An OpenID provider that has one fresh token to give, to whoever shows the right refresh token."""

    def do_GET(self):
        self.answer({"token_endpoint": f"http://{self.headers['Host']}/token"})

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        known = "refresh_token=let-me-in" in asked
        self.answer({"id_token": token(time.time() + DAY), "refresh_token": "n", "access_token": "a"} if known else {})

    def answer(self, document):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_):
        pass


def token(expires):
    parts = ({"alg": "none"}, {"exp": int(expires)}, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def test_signing_in_by_an_older_provider_works_with_what_is_left_of_the_kubernetes_client(probe, run, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider = {
        "name": "oidc",
        "config": {
            "id-token": token(0),
            "refresh-token": "let-me-in",
            "idp-issuer-url": f"http://127.0.0.1:{server.server_port}",
            "client-id": "c",
            "client-secret": "s",
        },
    }
    kubeconfig = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "ada"}}],
        "clusters": [{"name": "lab", "cluster": {"server": "https://127.0.0.1"}}],
        "users": [{"name": "ada", "user": {"auth-provider": provider}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
    source = (
        "import sys\n"
        "def main():\n"
        "    from pathlib import Path\n"
        "    from todoctl.adapters import kubeconfig\n"
        "    print(kubeconfig.load('lab', Path(sys.argv[1])).authorization)\n"
        "    print([name for name in sys.modules if name.startswith('kubernetes.client.models.')])\n"
    )
    insecure = {"OAUTHLIB_INSECURE_TRANSPORT": "1", "NO_PROXY": "127.0.0.1"}
    code, out, err = run(probe(source), str(tmp_path / "kubeconfig"), **insecure)
    server.shutdown()
    assert (code, err) == (0, "")
    signed_in, models = out.splitlines()
    assert signed_in.startswith(f"Bearer {token(0).split('.')[0]}.")
    assert signed_in != f"Bearer {token(0)}"
    assert models == "[]"


def test_a_damaged_file_is_called_so_and_leaves_nothing(zipapp, run, cache, tmp_path):
    damaged = tmp_path / "damaged.pyz"
    content = bytearray(zipapp.read_bytes())
    with zipfile.ZipFile(zipapp) as archive:
        offset = archive.getinfo("site-packages/click/core.py").header_offset
    content[offset + 200 : offset + 210] = bytes(10)
    damaged.write_bytes(content)
    code, out, err = run(damaged, "--version")
    assert (code, out) == (4, "")
    assert err.startswith("error: `damaged.pyz` is damaged\n  because: ")
    assert err.endswith("\n\nhint: fetch it again, and compare its SHA-256 with its maker's\n")
    assert list((cache / "todoctl" / "builds").iterdir()) == []


def test_ctrl_c_before_todoctl_itself_runs_is_no_traceback(probe, run):
    assert run(probe("def main():\n    raise KeyboardInterrupt\n")) == (130, "", "")
