"""The commands that README.md and docs/ name, and how a test runs each of them.

A command that is new in the documents runs by itself where its verb changes nothing (`Run`, in
tests/e2e/test_documented.py), and where other tests run its verb with its options (`By`). Every other one needs a line
in TABLE, or test_docs.py fails and says so.
"""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache

import click

from harness import ROOT
from todoctl.cli.options import READ_ONLY
from verbs import COMMANDS, parse

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = (
    r"(?:\./|dist/)?todoctl(?:\.pyz)?|python3?|py|node|kubectl|minikube|helm|docker|kind|k3d|curl|openssl|source|"
    r"kube-score"
)
_COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:{PROGRAMS}) \S.*")
_TODOCTL = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\./|dist/)?todoctl(?:\.pyz)? (?P<rest>.*?)(?: *(?:[|<>]|&&).*)?")


@dataclass(frozen=True)
class Run:
    """A shell runs it, as it is written, against the cluster that has the app; it ends with one of these codes."""

    codes: tuple[int, ...] = (0,)
    seconds: int = 600


@dataclass(frozen=True)
class Forward:
    """The same, for what goes on until Ctrl-C: it has to print where it listens, and end with 0."""


@dataclass(frozen=True)
class By:
    """Another test runs it, in one of these files, or by a script that is among them."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A shell runs all of the block that it stands in, in a namespace of its own (tests/e2e/test_documented.py)."""


@dataclass(frozen=True)
class NotRun:
    """Why it cannot be run where the tests are."""

    reason: str


Way = Run | Forward | By | Block | NotRun

PLACEHOLDERS = {
    "SHELL": "bash",
    "FILE": "file",
    "VERB": "version",
    "ADDRESS": "$(minikube ip)",
    "PROFILE": "$MINIKUBE_PROFILE",
    "NAME": "name",
    "ID": "host.disk",
    "HOST/PATH": "registry.example.com/todo",
}

REAL = [
    file
    for folder in ("e2e", "cluster", "faults", "long")
    for file in sorted((ROOT / "tests" / folder).glob("test_*.py"))
]
"""The tests that run todoctl on a real cluster."""

CHANGES = {"--fix", "--hosts"}
"""Options with which a verb changes something that does not without."""

SHORT = {"-p": "TODOCTL_PROFILE", "--profile": "TODOCTL_PROFILE", "-n": "-n", "-y": "--yes", "-o": "-o", "-q": "-q"}
"""Options that every verb shares; harness.py gives the profile to all."""

WINDOWS = "Windows alone has `py`"

SECRET = "kubectl -n todo-app create secret generic"
REGISTRY = By(("tests/long/test_registry.py",))
REMOTE = By(("tests/long/test_registry.py",))
OFFLINE = By(("tests/e2e/test_offline.py",))
CONFLICT = By(("tests/cluster/test_apply.py",))
CLUSTERS = By(("tests/long/test_nodes.py", "tests/long/test_doctor.py"))
BENCHMARKS = By(("tests/long/test_benchmarks.py",))
LIVE = By(("tests/e2e/test_live.py",))

TABLE: dict[str, Way] = {
    # README.md
    "python3 build_zipapp.py && dist/todoctl.pyz install": Run(),
    r"py dist\todoctl.pyz VERB": NotRun(WINDOWS),
    "python3 tests/run.py": NotRun("it is what runs this"),
    "python3 tests/run.py tests/long": NotRun("it runs the tests that stop this one's cluster, before a release"),
    "python3 tests/run.py tests/faults": NotRun("it is a part of what runs this"),
    "kubectl apply": By(("tests/e2e/test_install.py", "tests/cluster/test_adopt.py")),
    "kubectl apply --server-side -f": By(("tests/e2e/test_install.py",)),
    "helm install": By(("tests/e2e/test_adoption.py",)),
    # errors.md
    "py -3.13 todoctl.pyz": NotRun(WINDOWS),
    "docker context ls": Run(),
    "docker context use": By(("tests/adapters/test_docker.py",)),
    "docker build": By(("tests/images/test_build.py",)),
    "kind get clusters": NotRun("kind cannot be had here"),
    "k3d cluster list": NotRun("k3d cannot be had here"),
    "docker system df": Run(),
    "docker builder prune": By(("tests/images/test_disk_full.py",)),
    "minikube start -p PROFILE": By(("tests/long/test_nodes.py",)),
    "minikube start -p PROFILE --kubernetes-version=stable": NotRun(
        "the lab has one Kubernetes, and can fetch no other"
    ),
    "minikube start -p NAME --subnet 10.123.0.0/24": By(("tests/long/test_nodes.py",)),
    "minikube delete -p PROFILE": CLUSTERS,
    "minikube profile list": Run(),
    "minikube status -p PROFILE": Run(),
    "minikube update-context -p PROFILE": Run(),
    "minikube addons enable default-storageclass -p PROFILE": Run(),
    "minikube addons enable ingress -p PROFILE": Run(),
    "minikube addons enable metrics-server -p PROFILE": Run(),
    "minikube kubectl --": Run(),
    # environments.md, the registry
    f"{SECRET} registry --type=kubernetes.io/dockerconfigjson "
    "--from-file=.dockerconfigjson=$HOME/.docker/config.json": Block(),
    "docker push": By(("tests/images/test_push.py",)),
    "docker login": By(("tests/images/test_push.py",)),
    "todoctl install --database-ca FILE": REMOTE,
    "todoctl install --environment staging --context NAME --registry HOST/PATH --env-file FILE": REMOTE,
    "todoctl install -e staging --context shared --registry registry.example.com/todo --env-file staging.env": REMOTE,
    "todoctl install --environment staging --context shared --registry registry.example.com/todo "
    "--env-file staging.env": REMOTE,
    "todoctl secrets set openai-api-key -e staging --context shared": REMOTE,
    "todoctl doctor -e staging --context shared": REMOTE,
    "todoctl doctor --environment staging --context NAME": REMOTE,
    "todoctl manifests -e staging --registry registry.example.com/todo": REMOTE,
    # offline.md
    "todoctl bundle verify": OFFLINE,
    "todoctl bundle verify todo.bundle": OFFLINE,
    "todoctl bundle verify todo.bundle -o json": OFFLINE,
    "todoctl bundle save": OFFLINE,
    "todoctl bundle save FILE": OFFLINE,
    "todoctl bundle save todo.bundle": OFFLINE,
    "todoctl bundle save -p workshop /media/stick/todo.bundle": OFFLINE,
    "docker save": By(("tests/images/test_build.py",)),
    "minikube start": CLUSTERS,
    # apply.md
    "kubectl scale": CONFLICT,
    "kubectl scale --replicas=0": CONFLICT,
    "kubectl set": CONFLICT,
    "kubectl patch": CONFLICT,
    "kubectl edit": CONFLICT,
    "kubectl get deploy,svc,cm -n todo-app -l applyset.kubernetes.io/part-of": Run(),
    "helm uninstall": NotRun("the page warns of it: it would delete what is todoctl's"),
    # commands.md
    "todoctl build": Run(),
    "todoctl load": Run(),
    "TODOCTL_EXTRA_CA=corporate.pem todoctl build": Run(),
    "source <(./todoctl.pyz completion bash)": Run(),
    "todoctl manifests | kubectl apply --server-side -f -": By(("tests/e2e/test_install.py",)),
    "helm install todo-app bundled_manifests/chart --namespace todo-app": By(("tests/e2e/test_staging.py",)),
    # app.md
    "kubectl -n todo-app patch configmap todo-config --type=merge -p "
    """'{"data": {"openai-base-url": "http://192.168.1.20:11434/v1", "openai-model": "qwen3"}}'""": LIVE,
    "kubectl apply -f model.yaml": LIVE,
    "kubectl -n todo-app rollout restart deployment todo-backend": Run(),
    # access.md
    "curl -H 'Host: todo-app.local' http://ADDRESS/": Run(),
    "kubectl get ingress -n todo-app": Run(),
    "minikube ip": Run(),
    "minikube tunnel": NotRun("it changes routes with sudo, for hosts that do not see the cluster's network"),
    # environments.md
    "kubectl apply -f bundled_manifests/rendered/development.yaml": By(("tests/e2e/test_install.py",)),
    "kubectl create namespace todo-app": Block(),
    f"{SECRET} todo-postgres --from-file=postgres-password --from-file=app-password": Block(),
    f"{SECRET} todo-secrets --from-file=database-url --from-file=better-auth-secret": Block(),
    "openssl rand -hex 24 | tr -d '\\n' > postgres-password": Block(),
    "openssl rand -hex 32 | tr -d '\\n' > better-auth-secret": Block(),
    "kubectl label namespace todo-app pod-security.kubernetes.io/enforce=restricted": Run(),
    "kubectl -n todo-app rollout restart deployment": Run(),
    "kubectl port-forward -n todo-app deployment/todo-backend 9000": Forward(),
    "kube-score score bundled_manifests/rendered/*.yaml": By(("tests/long/test_linter.py",)),
    "python bundled_manifests/render.py": By(("tests/manifests/test_rendered.py", "tests/manifests/test_chart.py")),
    # contract.md, design.md
    "node wait-for-schema.mjs": By(("app/frontend/tests/schema.test.ts",)),
    "python -m todo_backend.migrate": By(("app/backend/tests/test_migrations.py",)),
    "python docs/commands.py": By(("tests/test_docs.py",)),
    # measurements.md
    "docker image inspect -f '{{.Size}}'": By(("tests/e2e/test_install.py",)),
    "docker builder prune -af": NotRun("it throws away the build cache that all builds of this machine share"),
    "kubectl diff": By((*BENCHMARKS.files, "benchmarks/unchanged.py")),
    "kubectl get pods -n todo-app": Run(),
    "kubectl version --client": Run(),
    "minikube profile list --light": Run(),
    "minikube status": Run(),
    "python3 benchmarks/unchanged.py": BENCHMARKS,
    "python3 benchmarks/api/compare.py": BENCHMARKS,
    "BASE_URL=http://todo-app.local node benchmarks/browser/visits.mjs": BENCHMARKS,
    # output.md
    "./todoctl.pyz completion bash > ~/.local/share/bash-completion/completions/todoctl.pyz": Run(),
    "./todoctl.pyz completion zsh > ~/.zfunc/_todoctl": Run(),
    "./todoctl.pyz completion fish > ~/.config/fish/completions/todoctl.pyz.fish": Run(),
    "py todoctl.pyz completion powershell >> $PROFILE": NotRun(WINDOWS),
    "todoctl completion": By(("tests/cli/test_completion.py",)),
    "todoctl completion bash > ~/.local/share/bash-completion/completions/todoctl": Run(),
    "todoctl completion powershell >> $PROFILE": Run(),
    # survival.md
    "minikube stop": CLUSTERS,
    "minikube pause": By(("tests/faults/test_survival.py", "tests/long/test_doctor.py")),
    "minikube delete": CLUSTERS,
}


def of(page: str) -> list[str]:
    """Return the commands that a page names, in its order: in `code` and in blocks, a line each."""
    blocks = re.findall(r"^ *```(?:sh|bash|console)?\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    lines = [re.split(r" {2,}(?=\S)", line.strip())[0] for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", page, flags=re.MULTILINE | re.DOTALL))
    return list(dict.fromkeys(one for one in [*lines, *spans] if _COMMAND.fullmatch(one)))


@cache
def commands() -> tuple[str, ...]:
    """Return all commands that are documented."""
    return tuple(dict.fromkeys(one for page in PAGES for one in of(page.read_text("utf-8"))))


def is_ours(command: str) -> bool:
    """Tell whether a command begins with todoctl."""
    return _TODOCTL.fullmatch(command) is not None


def verb_of(command: str) -> str | None:
    """Return the verb of a todoctl command, after a look at all of it; None for another program's.

    Raises click's errors for what todoctl does not understand.
    """
    found = _TODOCTL.fullmatch(command)
    if found is None:
        return None
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(found["rest"])]
    if " ".join(words) in COMMANDS:  # its name alone, whatever else it needs
        return " ".join(words)
    with redirect_stdout(io.StringIO()):  # --help prints
        try:
            return parse(words)
        except click.exceptions.Exit:  # so it ends, and --version
            return "version"


def way(command: str) -> Way | None:
    """Return how a test runs a command; None where nobody has said so."""
    if command in TABLE:
        return TABLE[command]
    try:
        verb = verb_of(command)
    except click.ClickException:  # a test says so
        return None
    return _way(command, verb) if verb else None


def _way(command: str, verb: str) -> Way | None:
    if verb == "port-forward":
        return Forward()
    words = set(shlex.split(command))
    if "--dry-run" in words or (verb in READ_ONLY and not CHANGES & words):
        return Run(codes=(0, 3))
    return By(tests) if (tests := run_by(verb)) and not untested(command, tests) else None


@cache
def run_by(verb: str) -> tuple[str, ...]:
    """Return the tests on a real cluster that run a verb."""
    words = ", ".join(f'"{word}"' for word in verb.split())
    named = re.compile(rf"(?:todoctl|data)\(\s*\*?\(?{words}[,)]|\[\s*{words}[,\]]")
    return tuple(file.relative_to(ROOT).as_posix() for file in REAL if named.search(file.read_text("utf-8")))


def untested(command: str, tests: tuple[str, ...]) -> list[str]:
    """Return the options of a command that none of these tests gives."""
    texts = "".join((ROOT / file).read_text("utf-8") for file in (*tests, "tests/harness.py"))
    options = [word.partition("=")[0] for word in shlex.split(command) if word.startswith("-")]
    return [option for option in options if f'"{SHORT.get(option, option)}' not in texts]


def runnable(kind: type) -> list[str]:
    """Return the commands that are run in one way."""
    return [command for command in commands() if isinstance(way(command), kind)]


def used_entries() -> set[str]:
    """Return the entries of the table that a document still names."""
    return set(TABLE) & set(commands())
