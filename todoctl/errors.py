"""Every way todoctl can end: exit codes, and the one error that carries what, why and what to do next."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The documented exit codes (see the table in README.md)."""

    OK = 0
    FAILURE = 1
    """Something todoctl did not foresee; the message says where the details are."""
    USAGE = 2
    """Bad input: an unknown option, a malformed file, a value out of range."""
    FINDINGS = 3
    """Nothing failed, but there is something to look at: a warning, a workload that is not Current, a change."""
    PREFLIGHT = 4
    """The host or the cluster lacks something that the command needs."""
    BUILD = 5
    """An image could not be built."""
    SIDELOAD = 6
    """An image did not reach a node."""
    CLUSTER = 7
    """The cluster could not be reached, or refused a request."""
    ROLLOUT = 8
    """Objects were applied, but a workload failed or did not become Available in time."""
    ACCESS = 9
    """The app runs, but does not answer where it should."""
    CONSENT = 10
    """The command needs a yes: there is no terminal to ask on and `--yes` was not given, or the answer was no."""
    SECRETS = 11
    """Secrets and data do not belong together, or a Secret lacks a key."""
    CONFLICT = 12
    """Another field manager owns a field that todoctl wants to set."""
    LOCKED = 13
    """Another run of todoctl holds the installation, or for too long the cluster."""
    ARCHIVE = 14
    """A backup or a bundle is damaged, or is none."""
    REGISTRY = 15
    """An image could not be pushed, or the registry does not have it afterwards."""
    INTERRUPTED = 130
    """Ctrl-C."""


class TodoctlError(Exception):
    """One clear error: what happened, why, and what to do next.

    `id` is stable (documentation and scripts refer to it); `what` is one line without a full stop, `because` and
    `hint` are shown under it. `details` are further lines, such as a container's last log lines.
    """

    exit_code: ExitCode = ExitCode.FAILURE

    def __init__(
        self,
        id: str,  # noqa: A002 - the field's own name
        what: str,
        *,
        because: str | None = None,
        hint: str | None = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what)
        self.id = id
        self.what = what
        self.because = because
        self.hint = hint
        self.details = details


class UsageError(TodoctlError):
    """Bad input."""

    exit_code = ExitCode.USAGE


class PreflightError(TodoctlError):
    """The host or the cluster lacks something."""

    exit_code = ExitCode.PREFLIGHT


class BuildError(TodoctlError):
    """An image could not be built."""

    exit_code = ExitCode.BUILD


class SideloadError(TodoctlError):
    """An image did not reach a node."""

    exit_code = ExitCode.SIDELOAD


class ClusterError(TodoctlError):
    """The cluster could not be reached, or refused a request."""

    exit_code = ExitCode.CLUSTER


class RolloutError(TodoctlError):
    """A workload failed or was not Available in time."""

    exit_code = ExitCode.ROLLOUT


class AccessError(TodoctlError):
    """The app does not answer where it should."""

    exit_code = ExitCode.ACCESS


class ConsentError(TodoctlError):
    """A question needs a yes and got none."""

    exit_code = ExitCode.CONSENT


class SecretsError(TodoctlError):
    """Secrets and data do not belong together."""

    exit_code = ExitCode.SECRETS


class ConflictError(TodoctlError):
    """Another field manager owns a field."""

    exit_code = ExitCode.CONFLICT


class LockedError(TodoctlError):
    """Another run of todoctl holds the installation or the cluster, or took the installation over."""

    exit_code = ExitCode.LOCKED


class ArchiveError(TodoctlError):
    """A file is not, or no longer, what todoctl wrote."""

    exit_code = ExitCode.ARCHIVE


class RegistryError(TodoctlError):
    """An image did not get into the registry."""

    exit_code = ExitCode.REGISTRY
