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
    r"(?:\./|dist/)?todoctl(?:\.pyz)?|python3?|py|kubectl|minikube|helm|docker|kind|k3d|curl|openssl|source|kube-score"
)
_COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:{PROGRAMS}) \S.*")
_TODOCTL = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\./|dist/)?todoctl(?:\.pyz)? (?P<rest>.*?)(?: *(?:[|<>]|&&).*)?")


@dataclass(frozen=True)
class Run:
    """A shell runs it, as it is written, against the cluster that has the app; it ends with one of these codes."""

    codes: tuple[int, ...] = (0,)
    seconds: int = 120


@dataclass(frozen=True)
class Forward:
    """The same, for what goes on until Ctrl-C: it has to print where it listens, and end with 0."""


@dataclass(frozen=True)
class By:
    """Another test runs it, in one of these files."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Parsed:
    """todoctl understands it; why nothing runs it."""

    reason: str


@dataclass(frozen=True)
class NotRun:
    """Why nothing runs it."""

    reason: str


Way = Run | Forward | By | Parsed | NotRun

PLACEHOLDERS = {
    "SHELL": "bash",
    "FILE": "file",
    "VERB": "version",
    "ADDRESS": "$(minikube ip)",
    "PROFILE": "$MINIKUBE_PROFILE",
    "NAME": "name",
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

SHORT = {"-p": "TODOCTL_PROFILE", "-n": "-n", "-y": "--yes", "-o": "-o", "-q": "-q"}
"""Options that every verb shares; harness.py gives the profile to all."""

MAKES_CLUSTERS = "it would make a cluster of another name beside the tests' own"
ONLY_A_NAME = "the command's name, in prose"

SECRET = "kubectl -n todo-app create secret generic"
REGISTRY = By(("tests/long/test_registry.py",))
BY_HAND = By(("tests/e2e/test_documented.py",))
REMOTE = By(("tests/long/test_registry.py",))
OFFLINE = By(("tests/e2e/test_offline.py",))

TABLE: dict[str, Way] = {
    # README.md
    "python3 build_zipapp.py && dist/todoctl.pyz install": Run(),
    r"py dist\todoctl.pyz VERB": NotRun("Windows alone has `py`"),
    "python3 tests/run.py": NotRun("it is what runs this"),
    "python3 tests/run.py tests/long": NotRun("it is for before a release, and takes long"),
    "python3 tests/run.py tests/faults": NotRun("it is a part of what runs this"),
    "kubectl apply --server-side -f": By(("tests/e2e/test_install.py",)),
    # errors.md
    "py -3.13 todoctl.pyz": NotRun("Windows alone has `py`"),
    "docker context ls": Run(),
    "docker context use": NotRun(ONLY_A_NAME),
    "kind get clusters": NotRun("kind cannot be had here"),
    "k3d cluster list": NotRun("k3d cannot be had here"),
    "docker system df": Run(),
    "docker builder prune": NotRun("it throws away the build cache that all builds of this machine share"),
    "todoctl install --profile todo": Parsed(MAKES_CLUSTERS),
    "todoctl install --profile todo --driver docker": Parsed(MAKES_CLUSTERS),
    "minikube start -p PROFILE": By(("tests/long/test_doctor.py",)),
    "minikube start -p PROFILE --kubernetes-version=stable": NotRun("it would fetch another Kubernetes"),
    "minikube start -p NAME --subnet 10.123.0.0/24": NotRun(MAKES_CLUSTERS),
    "minikube delete -p PROFILE": NotRun("it would end the tests' own cluster"),
    "minikube profile list": Run(),
    "minikube status -p PROFILE": Run(),
    "minikube update-context -p PROFILE": Run(),
    "minikube addons enable default-storageclass -p PROFILE": Run(),
    "minikube addons enable ingress -p PROFILE": Run(),
    "minikube addons enable metrics-server -p PROFILE": Run(),
    "minikube kubectl --": NotRun("it would fetch another kubectl"),
    # environments.md, the registry
    f"{SECRET} registry --type=kubernetes.io/dockerconfigjson "
    "--from-file=.dockerconfigjson=$HOME/.docker/config.json": NotRun("it holds this machine's own credentials"),
    "todoctl install --database-ca FILE": REMOTE,
    "todoctl install --environment staging --context NAME --registry HOST/PATH --env-file FILE": REMOTE,
    "todoctl install -e staging --context shared --registry registry.example.com/todo --env-file staging.env": REMOTE,
    "todoctl install --environment staging --context shared --registry registry.example.com/todo "
    "--env-file staging.env": REMOTE,
    # offline.md
    "todoctl bundle verify": OFFLINE,
    "todoctl bundle verify todo.bundle": OFFLINE,
    "todoctl bundle verify todo.bundle -o json": OFFLINE,
    "todoctl bundle save": OFFLINE,
    "todoctl bundle save FILE": OFFLINE,
    "todoctl bundle save todo.bundle": OFFLINE,
    "todoctl bundle save -p workshop /media/stick/todo.bundle": OFFLINE,
    # design.md
    "kubectl scale --replicas=0": NotRun(ONLY_A_NAME),
    "kubectl apply --prune": NotRun(ONLY_A_NAME),
    "kubectl get deploy,svc,cm -l applyset.kubernetes.io/part-of=…": NotRun(ONLY_A_NAME),
    "todoctl install --recreate KIND/NAME": Parsed("tests/cluster/test_apply.py makes anew; none gives the option"),
    # commands.md
    "todoctl build": Run(seconds=600),
    "todoctl load": Run(seconds=600),
    "todoctl load -p workshop": Parsed(MAKES_CLUSTERS),
    "TODOCTL_EXTRA_CA=corporate.pem todoctl build": Parsed("tests/images/test_build.py gives a CA to a build"),
    "todoctl install --yes -p workshop --cpus 4": Parsed(MAKES_CLUSTERS),
    "source <(./todoctl.pyz completion bash)": Run(),
    "kubectl apply --server-side -f bundled_manifests/rendered/development.yaml": By(("tests/e2e/test_install.py",)),
    "helm install todo-app bundled_manifests/chart --namespace todo-app": By(("tests/e2e/test_staging.py",)),
    # access.md
    "curl -H 'Host: todo-app.local' http://ADDRESS/": Run(),
    "kubectl get ingress -n todo-app": Run(),
    "minikube ip": Run(),
    "minikube tunnel": NotRun("it asks for a password, and is for hosts that do not see the cluster's network"),
    # environments.md
    "kubectl apply -f bundled_manifests/rendered/development.yaml": By(("tests/e2e/test_install.py",)),
    "kubectl create namespace todo-app": BY_HAND,
    f"{SECRET} todo-postgres --from-file=postgres-password --from-file=app-password": BY_HAND,
    f"{SECRET} todo-secrets --from-file=database-url --from-file=better-auth-secret": BY_HAND,
    "openssl rand -hex 24 | tr -d '\\n' > postgres-password": BY_HAND,
    "openssl rand -hex 32 | tr -d '\\n' > better-auth-secret": BY_HAND,
    "kubectl label namespace todo-app pod-security.kubernetes.io/enforce=restricted": Run(),
    "kubectl -n todo-app rollout restart deployment": NotRun("kubectl's own; install does it by itself"),
    "kube-score score bundled_manifests/rendered/*.yaml": NotRun("the findings are those of the version named there"),
    "python bundled_manifests/render.py": By(("tests/manifests/test_rendered.py", "tests/manifests/test_chart.py")),
    # design.md
    "python -m todo_backend.migrate": By(("tests/e2e/test_install.py",)),
    "python docs/commands.py": By(("tests/test_docs.py",)),
    # measurements.md
    "docker image inspect -f '{{.Size}}'": NotRun(ONLY_A_NAME),
    "docker builder prune -af": NotRun("it throws away the build cache that all builds of this machine share"),
    "kubectl diff": By(("benchmarks/unchanged.py",)),
    "kubectl get pods -n todo-app": Run(),
    "kubectl version --client": Run(),
    "minikube profile list --light": Run(),
    "minikube status": Run(),
    "python3 benchmarks/unchanged.py": NotRun("it measures, which a machine that runs tests is too busy for"),
    # output.md
    "./todoctl.pyz completion bash > ~/.local/share/bash-completion/completions/todoctl.pyz": Run(),
    "./todoctl.pyz completion zsh > ~/.zfunc/_todoctl": Run(),
    "./todoctl.pyz completion fish > ~/.config/fish/completions/todoctl.pyz.fish": Run(),
    "py todoctl.pyz completion powershell >> $PROFILE": NotRun("Windows alone has `py`"),
    "todoctl completion": Parsed(ONLY_A_NAME),
    "todoctl completion bash > ~/.local/share/bash-completion/completions/todoctl": Run(),
    "todoctl completion powershell >> $PROFILE": Parsed("for PowerShell, which expands `$PROFILE`"),
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
    if verb:
        return _way(command, verb)
    # `kubectl apply`, say: of what?
    return NotRun(ONLY_A_NAME) if len(command.split()) == 2 else None


def _way(command: str, verb: str) -> Way | None:
    if isinstance(COMMANDS[verb], click.Group):
        return Parsed(ONLY_A_NAME)
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
