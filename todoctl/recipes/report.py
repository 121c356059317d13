"""`doctor --report`: all that a bug report needs in one file, and no secret in it."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from todoctl import __version__
from todoctl.adapters import kinds, process, system
from todoctl.adapters.kinds import Kind
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, TodoctlError
from todoctl.installation import Installation
from todoctl.mask import hide, mask
from todoctl.objects import redact
from todoctl.objects.hidden import MASK, SECRET_NAME
from todoctl.recipes import reportfile
from todoctl.targets.minikube import Minikube

CLUSTER_SECONDS = 60.0
"""How long all questions to the cluster may take together."""
COMMAND_SECONDS = 60.0
LOG_LINES = 500
MINIKUBE_LINES = 200

README = """\
What todoctl found on one machine, for a bug report.

Values of Secrets, passwords, tokens and keys were replaced by ***, and the home folder by ~. The kubeconfig is not in
it. Look through it all the same before you send it: names of hosts, images and people may be in it.

What could not be collected is a file, too: it says why. Where the Secrets are among that, their values were not known:
no log of a container was read then, and todoctl.log, which may quote one, and the objects want a closer look.
"""

KINDS = (
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
    kinds.REPLICA_SET,
    kinds.POD,
    kinds.JOB,
    kinds.SERVICE,
    kinds.INGRESS,
    kinds.HORIZONTAL_POD_AUTOSCALER,
    kinds.POD_DISRUPTION_BUDGET,
    kinds.NETWORK_POLICY,
    kinds.PERSISTENT_VOLUME_CLAIM,
    kinds.CONFIG_MAP,
    kinds.SECRET,
    kinds.SERVICE_ACCOUNT,
    kinds.LEASE,
    kinds.EVENT,
)

OF_INTEREST = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "KUBECONFIG", "PATH", "LANG", "TERM", "NO_COLOR"),
        # One by one: others, such as DOCKER_AUTH_CONFIG, are secrets.
        *("DOCKER_API_VERSION", "DOCKER_BUILDKIT", "DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT"),
        *("DOCKER_DEFAULT_PLATFORM", "DOCKER_HOST", "DOCKER_TLS", "DOCKER_TLS_VERIFY"),
    }
)
OF_INTEREST_BY_START = ("MINIKUBE_", "TODOCTL_", "BUILDKIT_", "WSL_", "XDG_", "SSL_CERT_")


Content = str | dict[str, Any] | list[Any]
Collector = Callable[[], "Content"]


@dataclass(frozen=True)
class Report:
    """A report that was written: where, the files in it, and those among them that say why there is nothing."""

    path: Path
    files: tuple[str, ...]
    failed: tuple[str, ...]


def write(installation: Installation, path: Path, others: Mapping[str, Collector]) -> Report:
    """Collect everything and write it to `path`, in the format that its name ends in (see `reportfile`).

    `others` are the caller's own: the file's name → what is in it. Nothing that fails keeps the rest from being
    collected. Raises UsageError for another ending, and for a file that cannot be written.
    """
    reportfile.check(path)
    collected = _Collected(installation)
    files, failed = {"README.txt": README}, []
    for name, collect in [*others.items(), *collected.all()]:
        installation.reporter.debug(f"report: {name}")
        try:
            found = collect()
        except Exception as error:  # noqa: BLE001 - one fault less is what a report is for
            failed.append(name)
            found = f"could not be collected: {_why(error)}\n"
            name = str(PurePosixPath(name).with_suffix(".txt"))  # noqa: PLW2901 - it is no JSON any more
        files[name] = collected.clean(name, found)
    reportfile.write(path, files)
    return Report(path, tuple(files), tuple(failed))


def _unsearched(refusal: TodoctlError) -> NoReturn:
    what = "the logs were not read, as values of Secrets cannot be found in them"
    raise ClusterError(refusal.id, what, because=_why(refusal))


def _why(error: Exception) -> str:
    if isinstance(error, TodoctlError):
        return f"{error.what}: {error.because}" if error.because else error.what
    return f"{type(error).__name__}: {error}"


class _Collected:
    """What is collected of one installation, and what must not show in it."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._deadline = Deadline(CLUSTER_SECONDS)

    def all(self) -> Iterator[tuple[str, Collector]]:
        """Yield each file's name and what collects it."""
        settings = self._installation.settings
        yield "versions.json", self._versions
        yield "settings.json", partial(_plain, settings)
        yield "environment.json", partial(environment, os.environ)
        yield "docker.json", lambda: _plain(self._installation.engine.engine())
        for kind in KINDS:
            yield f"objects/{kind.plural}.yaml", partial(self._objects, kind)
        yield "objects/nodes.yaml", lambda: [redact.redacted(item) for item in self._list(kinds.NODE)]
        yield from self._logs()
        if self._is_minikube():
            profile = settings.profile
            yield "minikube/status.txt", partial(_run, "minikube", "status", "-p", profile, "-o", "json")
            yield "minikube/profiles.txt", partial(_run, "minikube", "profile", "list", "--light")
            yield "minikube/logs.txt", partial(_run, "minikube", "logs", "-p", profile, "-n", str(MINIKUBE_LINES))

    def _is_minikube(self) -> bool:
        try:
            return isinstance(self._installation.target, Minikube)
        except TodoctlError:
            return False  # a context of another tool, whose cluster is not there

    def clean(self, name: str, content: Content) -> str:
        """Return a file's text without secrets; data is cleaned value by value, so that it stays JSON and YAML."""
        if isinstance(content, str):
            return _without_home(mask(hide(content, self._known)))
        plain = self._cleaned(content)
        if name.endswith(".yaml"):
            import yaml

            return yaml.safe_dump_all(plain, sort_keys=False, allow_unicode=True, width=10_000)
        return json.dumps(plain, indent=2, ensure_ascii=False, default=str) + "\n"

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._cleaned(key): self._cleaned(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._cleaned(item) for item in value]
        return _without_home(mask(hide(value, self._known))) if isinstance(value, str) else value

    @cached_property
    def _found(self) -> dict[Kind, list[dict[str, Any]] | TodoctlError]:
        """All objects of the namespace; a cluster that does not answer is asked no more."""
        found: dict[Kind, list[dict[str, Any]] | TodoctlError] = {}
        lost: TodoctlError | None = None
        for kind in KINDS:
            try:
                if lost is not None:
                    raise lost
                found[kind] = self._list(kind, self._installation.settings.namespace)
            except TodoctlError as error:
                found[kind] = error
                if error.id in {"cluster.unreachable", "cluster.kubeconfig", "cluster.context", "cluster.tls"}:
                    lost = error
        return found

    def _list(self, kind: Kind, namespace: str | None = None) -> list[dict[str, Any]]:
        return self._installation.cluster.within(self._deadline.within(10)).list(kind, namespace)[0]

    @cached_property
    def _known(self) -> frozenset[str]:
        """Values that must not show, from the cluster and from this process's environment."""
        objects = [item for items in self._found.values() if isinstance(items, list) for item in items]
        ours = {part for name, value in os.environ.items() if SECRET_NAME.search(name) for part in redact.parts(value)}
        proxies = {part for value in os.environ.values() for part in redact.parts(value) - {value.strip()}}
        return frozenset(redact.secrets_of(objects) | {value for value in ours | proxies if len(value) > 3})  # noqa: PLR2004

    def _objects(self, kind: Kind) -> Content:
        found = self._found[kind]
        if isinstance(found, TodoctlError):
            raise found
        return [redact.redacted(item) for item in found]

    def _logs(self) -> Iterator[tuple[str, Collector]]:
        """Yield what collects each container's log; where Secrets cannot be read, what says why there is none."""
        pods, secrets = self._found[kinds.POD], self._found[kinds.SECRET]
        if isinstance(secrets, TodoctlError):
            yield "logs.txt", partial(_unsearched, secrets)
            return
        for pod in pods if isinstance(pods, list) else ():
            status = pod.get("status") or {}
            for entry in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
                name = f"logs/{pod['metadata']['name']}.{entry['name']}"
                yield f"{name}.log", partial(self._log, pod, entry["name"], previous=False)
                if entry.get("restartCount"):
                    yield f"{name}.previous.log", partial(self._log, pod, entry["name"], previous=True)

    def _log(self, pod: Mapping[str, Any], container: str, *, previous: bool) -> str:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        cluster = self._installation.cluster.within(self._deadline.within(10))
        return cluster.logs(namespace, name, container, tail=LOG_LINES, previous=previous)

    def _versions(self) -> Content:
        return {
            "todoctl": __version__,
            "python": platform.python_version(),
            "system": system.os_name(),
            "kernel": platform.release(),
            "architecture": system.architecture(),
            "wsl": system.is_wsl(),
            "cpus": system.cpu_count(),
            "memoryBytes": system.memory_bytes(),
            "docker": _said("docker", "version"),
            "minikube": _said("minikube", "version"),
            "kubectl": _said("kubectl", "version", "--client"),
            "kubernetes": self._kubernetes(),
        }

    def _kubernetes(self) -> str:
        if isinstance(error := self._found[kinds.POD], TodoctlError):
            return _why(error)
        return self._installation.cluster.within(self._deadline.within(10)).version()


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may explain something; of one with a telling name only that it is set."""
    return {
        name: MASK if SECRET_NAME.search(name) else mask(_without_user(value))
        for name, value in sorted(variables.items())
        if name.upper() in OF_INTEREST or name.upper().startswith(OF_INTEREST_BY_START)
    }


def _without_user(value: str) -> str:
    """Return a value without the name and password that a URL in it may have."""
    return re.sub(r"(?<=://)[^/\s]*@", "", value)


def _plain(record: Any) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else value for name, value in dataclasses.asdict(record).items()
    }


def _said(*argv: str) -> str:
    try:
        return _run(*argv)
    except TodoctlError as error:
        return _why(error)


def _run(*argv: str) -> str:
    done = process.run(argv, deadline=Deadline(COMMAND_SECONDS))
    return "\n".join(part for part in (done.stdout.strip(), done.stderr.strip()) if part) + "\n"


def _without_home(text: str) -> str:
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
