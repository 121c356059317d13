"""Drive Minikube through its command line: what a profile is like, bringing it up, and the way into its nodes.

Checked against Minikube 1.38.1. A zero exit code of Minikube proves little, so every change is read back.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from todoctl.adapters import process
from todoctl.adapters.docker_errors import DockerMissing
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, PreflightError, TodoctlError
from todoctl.reporter import Reporter
from todoctl.targets import events, runtimes
from todoctl.targets.events import Event
from todoctl.targets.profile import Profile, State, Status, find_profile, read_state
from todoctl.targets.resources import Resources

CALL_SECONDS = 60.0
"""How long a question to Minikube may take; some ask the driver, and that its virtual machine."""

# Minikube translates what it says, events too.
_ENVIRONMENT = {"LC_ALL": "C"}

# `minikube status` and `profile list` look for a newer Minikube each time (1.38.1), whatever it is set to, and for
# Google's cloud, to tell it of that. With these both end on this machine: at a port that nobody listens on, and at
# an answer given. What they ask of Docker and of the nodes goes round proxies anyway.
_NOWHERE = "http://127.0.0.1:9"
_OFFLINE = {
    **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), _NOWHERE),
    "GCE_METADATA_HOST": "127.0.0.1:9",
    "MINIKUBE_WANTUPDATENOTIFICATION": "false",
}

_IMPORT = {
    "containerd": runtimes.CONTAINERD_IMPORT,
    "docker": ("docker", "load"),
    "crio": ("podman", "load"),
    "cri-o": ("podman", "load"),
}
RUNTIMES = frozenset(_IMPORT)

# What Minikube calls the images of the addons that an install needs.
_ADDON_IMAGES = {
    "ingress": ("IngressController", "KubeWebhookCertgenCreate", "KubeWebhookCertgenPatch"),
    "metrics-server": ("MetricsServer",),
}

_LIST = ["minikube", "profile", "list", "-o", "json", "--light"]  # light: without probing Docker once per profile
_TIMEOUT = "minikube.timeout"


class MinikubeMissing(PreflightError):
    """There is no `minikube` command."""

    def __init__(self) -> None:
        super().__init__(
            "minikube.missing",
            "there is no `minikube` command",
            because="it is not on PATH",
            hint="install Minikube: https://minikube.sigs.k8s.io/docs/start/",
        )


class AddonUntold(ClusterError):
    """Nobody tells which images the pods of an addon would run."""

    def __init__(self, addon: str, what: str, because: str) -> None:
        super().__init__(
            "minikube.addon-images",
            what,
            because=f"{because}; its pods wait for a network where a node lacks one",
            hint=f"see `minikube addons images {addon}`, and that every node has them",
        )


def version() -> str:
    """Return the version of the `minikube` command, such as `v1.38.1`; needs no cluster. Raises MinikubeMissing."""
    done = _ask(["minikube", "version", "-o", "json"], _ENVIRONMENT)
    try:
        return str(json.loads(done.stdout)["minikubeVersion"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable("minikube version", done) from error


class Minikube:
    """One profile; a Target. Every method raises MinikubeMissing, and ClusterError for no answer it can read."""

    def __init__(self, profile: str, *, offline: bool = False) -> None:
        """Take a profile by its name; `offline` keeps Minikube from asking the internet for anything."""
        self._name = profile
        self._environment = {**_ENVIRONMENT, **(_OFFLINE if offline else {})}
        self._known: Profile | None = None

    @property
    def context(self) -> str:
        """The kubeconfig context: Minikube names it as the profile."""
        return self._name

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"Minikube profile `{self._name}`"

    @property
    def driver(self) -> str:
        """The profile's driver, as Minikube names it."""
        return self.profile().driver

    def state(self) -> State:
        """Ask what the profile is like now. A Docker that does not answer makes it look BROKEN."""
        profile = self._find()
        if profile is None:
            return State(Status.ABSENT)
        done = _ask(["minikube", "status", "-o", "json", "-p", self._name], self._environment)
        return read_state(profile, done.stdout)

    def bring_up(
        self, *, driver: str | None, resources: Resources | None, reporter: Reporter, deadline: Deadline
    ) -> State:
        """Start, mend or unpause the cluster, whatever it lacks, and return its state, which is RUNNING.

        `driver` None leaves the choice to Minikube; `resources` and the driver of a profile that is there are kept,
        whatever is asked for. kubectl's current context stays. Raises what `events.error` makes of Minikube's own
        errors, and ClusterError at the deadline.
        """
        state = self.state()
        match state.status:
            case Status.RUNNING:
                return state
            case Status.PAUSED:
                # -A: it may have been paused with every namespace.
                command = ["unpause", "-A"]
            case Status.ABSENT:
                command = ["start", *_wishes(driver, resources)]
            case Status.STOPPED | Status.BROKEN:
                command = ["start"]
        if command[0] == "start":
            command += ["--keep-context", "--interactive=false"]
        self._known = None
        try:
            self._do(command, f"profile `{self._name}` did not start", reporter, deadline)
        except TodoctlError as error:
            if state.status is Status.ABSENT and error.id != _TIMEOUT and self._find() is not None:
                forget = f"`minikube delete -p {self._name}` makes the profile forget what it was asked for"
                error.hint = f"{error.hint}; {forget}"
            raise
        after = self.state()
        if after.status is not Status.RUNNING:
            raise ClusterError(
                "minikube.not-running",
                f"profile `{self._name}` does not run",
                because=f"`minikube {command[0]}` exited 0, but {after.trouble or f'it is {after.status.value}'}",
                hint=f"see `minikube status -p {self._name}`; `minikube delete -p {self._name}` removes it, data too",
            )
        return after

    def enable_addon(self, addon: str, reporter: Reporter, deadline: Deadline) -> None:
        """Enable an addon of a running cluster. That it works is the caller's to see: Minikube's exit code is not."""
        self._do(["addons", "enable", addon], f"addon `{addon}` was not enabled", reporter, deadline)

    def addon_images(self, addon: str) -> tuple[str, ...]:
        """Return what the pods of an addon would run: the profile's own images for it, or else Minikube's.

        Raises AddonUntold where the profile has only some of its own, or a repository, and where Minikube does not list
        them.
        """
        given, names = self.profile().addon_images, _ADDON_IMAGES[addon]
        what = f"profile `{self._name}` did not report the images of addon `{addon}`"
        own = tuple(image for image in map(given.get, names) if image)
        if len(own) == len(names):
            return own
        if not given.keys().isdisjoint(names):
            raise AddonUntold(addon, what, "it has only some of its own, or not each with its registry")
        if repository := self.profile().image_repository:
            # The list is of Minikube's own registries. What one is called there, Minikube decides mirror by mirror.
            raise AddonUntold(addon, what, f"it was made with `--image-repository={repository}`")
        done = _ask(["minikube", "addons", "images", addon, "-o", "json"], self._environment)
        try:
            images = json.loads(done.stdout)
        except ValueError:
            images = None
        if not isinstance(images, list):
            because = f"`{done.command}` prints no list, as it does from 1.34 on"
            raise AddonUntold(addon, "this Minikube does not report its addons' images", because)
        return tuple(str(image) for image in images)

    def update_context(self, deadline: Deadline) -> None:
        """Have Minikube write the profile's entry in the kubeconfig anew. Raises ClusterError where that failed."""
        argv = ["minikube", "update-context", "-p", self._name]
        try:
            done = process.run(argv, deadline=deadline, env=_ENVIRONMENT)
        except process.ProgramMissing as error:
            raise MinikubeMissing from error
        if not done.ok:
            hint = f"see what `{done.command}` says"
            raise ClusterError(
                "minikube.context", "the kubeconfig was not corrected", because=done.complaint(), hint=hint
            )

    def nodes(self) -> tuple[str, ...]:
        """Return the names of the nodes, the primary control plane's first."""
        return tuple(node.name for node in self.profile().nodes)

    def node_images(self, node: str) -> dict[str, str]:
        """Return what a node's runtime holds: qualified reference → image ID. Raises ClusterError."""
        done = _ask([*self._inside(node), *runtimes.LIST_IMAGES], self._environment)
        return runtimes.read_images(done, node, hint=f"see `minikube status -p {self._name}`")

    def import_command(self, node: str) -> list[str]:
        """Return the command that reads a `docker save` archive on stdin into a node's runtime.

        Raises PreflightError for a container runtime that todoctl does not know.
        """
        runtime = self.profile().container_runtime
        if runtime not in _IMPORT:
            raise PreflightError(
                "minikube.runtime",
                f"container runtime `{runtime}` is not known",
                because=f"profile `{self._name}` was made with it",
                hint="make a profile with `--container-runtime=containerd`",
            )
        return [*self._inside(node), *_IMPORT[runtime]]

    def export_command(self, node: str, references: Sequence[str]) -> list[str] | None:
        """Return the command that writes an image that a node holds to stdout, under all these references.

        None for a runtime that does not keep references by digest. containerd fails where it has dropped the layers of
        an image after unpacking it, as Minikube sets it up to do with those that it pulls.
        """
        if self.profile().container_runtime != "containerd":
            return None
        return [*self._inside(node), *runtimes.CONTAINERD_EXPORT, *references]

    def remove_command(self, node: str, reference: str) -> list[str]:
        """Return the command that removes an image from a node's runtime, used or not, under all its references."""
        return [*self._inside(node), *runtimes.REMOVE_IMAGE, reference]

    def address(self) -> str:
        """Return the IP address of the primary control plane, where the ingress addon listens."""
        done = _ask(["minikube", "ip", "-p", self._name], self._environment)
        if not done.ok:
            raise ClusterError(
                "minikube.address",
                f"profile `{self._name}` has no address",
                because=done.complaint(),
                hint=f"start it with `minikube start -p {self._name}`",
            )
        return done.stdout.strip()

    def _inside(self, node: str) -> list[str]:
        """Return the command that runs the command after it on a node as root, with stdin."""
        if self.profile().driver == "docker":
            return ["docker", "exec", "-i", node]
        # Minikube knows the way into every other machine; its own ssh client would not pass stdin on.
        return ["minikube", "ssh", "-p", self._name, "-n", node, "--native-ssh=false", "--", "sudo"]

    def profile(self) -> Profile:
        """Return what the profile was made with, which does not change while it is there. Raises ClusterError."""
        self._known = self._known or self._find()
        if self._known is None:
            raise ClusterError(
                "minikube.absent",
                f"there is no Minikube profile `{self._name}`",
                because="`minikube profile list` has none of that name",
                hint=f"make it with `todoctl install`, or `minikube start -p {self._name}`",
            )
        return self._known

    def _find(self) -> Profile | None:
        done = _ask(_LIST, self._environment)
        try:
            return find_profile(self._name, json.loads(done.stdout))
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable("minikube profile list", done) from error

    def _do(self, command: Sequence[str], failed: str, reporter: Reporter, deadline: Deadline) -> None:
        """Run a command that speaks in events, and pass its steps on to the reporter."""
        seen: list[Event] = []

        def on_line(line: str) -> None:
            event = events.parse(line)
            if event is None:
                reporter.debug(line)
                return
            seen.append(event)
            # Its warnings are about Minikube's own defaults, and most of its errors are talk.
            (reporter.note if event.kind == "step" else reporter.debug)(event.message)

        argv = ["minikube", *command, "-p", self._name, *(["-o", "json"] if command[0] != "addons" else [])]
        try:
            done = process.stream(argv, deadline=deadline, on_line=on_line, env=self._environment)
        except process.ProgramMissing as error:
            raise MinikubeMissing from error
        except process.ProcessTimeout as error:
            steps = [event.message for event in seen if event.kind == "step"]
            raise ClusterError(
                _TIMEOUT,
                failed,
                because=f"it took longer than {error.seconds:.0f} seconds; "
                f"it was at: {steps[-1] if steps else 'its beginning'}",
                hint="run the command again to go on from there, with more time by `--timeout`",
            ) from error
        if not done.ok:
            raise events.error(failed, seen, done.code, done.complaint())


def profiles() -> list[str]:
    """Return the names of the profiles that there are, damaged ones too. Raises PreflightError or ClusterError."""
    done = _ask(_LIST, _ENVIRONMENT)
    try:
        listing = json.loads(done.stdout)
        return sorted(profile["Name"] for kind in ("valid", "invalid") for profile in listing[kind] or ())
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable("minikube profile list", done) from error


def _wishes(driver: str | None, resources: Resources | None) -> list[str]:
    return [
        *([f"--driver={driver}"] if driver else []),
        *([f"--cpus={resources.cpus}", f"--memory={resources.memory_mib}mb"] if resources else []),
    ]


def _ask(argv: Sequence[str], environment: Mapping[str, str]) -> process.Completed:
    """Run a command that only tells something: Minikube's own, or one on a node."""
    try:
        return process.run(argv, deadline=Deadline(CALL_SECONDS), env=environment)
    except process.ProgramMissing as error:
        raise (MinikubeMissing if argv[0] == "minikube" else DockerMissing) from error
    except process.ProcessTimeout as error:
        raise ClusterError(
            _TIMEOUT,
            f"`{shlex.join(argv)}` did not answer in time",
            because=f"it took longer than {error.seconds:.0f} seconds",
            hint="see what `minikube status` says, then run the command again",
        ) from error


def _unreadable(command: str, done: process.Completed) -> ClusterError:
    return ClusterError(
        "minikube.unreadable",
        f"`{command}` gave no answer that todoctl understands",
        because=done.complaint(),
        hint=f"see what `{done.command}` prints",
    )
