"""Check that a browser on this machine finds the app's host."""

from __future__ import annotations

from functools import partial

from todoctl.access import advice, hosts
from todoctl.access.advice import Advice
from todoctl.adapters import system
from todoctl.deadline import Deadline
from todoctl.errors import AccessError, PreflightError
from todoctl.preflight.check import Check, Repair, Severity
from todoctl.preflight.facts import Facts
from todoctl.reporter import Reporter
from todoctl.targets.remote import Remote


def checks(facts: Facts) -> list[Check]:
    """Return the check of the hosts file."""
    return [
        Check(
            "access.hosts",
            "Hosts file",
            Severity.WARNING,
            lambda: has_line(facts),
            ("docker.engine", "cluster.reachable"),
            fix=lambda _: add_line(facts),
        )
    ]


def has_line(facts: Facts) -> str:
    """Hold where the hosts file leads the app's host to where the Ingress answers."""
    if isinstance(facts.target, Remote):
        return "not needed: the host is for a name server to know"
    host, advised = _advice(facts)
    if not advised.reachable:
        return "not needed: port 80 is not published on this machine; `todoctl port-forward` leads to the app"
    found = hosts.look_up(advised.hosts_file, host, advised.address)
    match found.entry:
        case hosts.Entry.PRESENT:
            return f"`{advised.hosts_line}`"
        case hosts.Entry.OTHER_ADDRESS:
            because = f"{advised.hosts_file} has {', '.join(found.addresses)} for it"
        case hosts.Entry.ABSENT:
            because = f"{advised.hosts_file} has no line for it"
        case hosts.Entry.UNREADABLE:
            because = f"{advised.hosts_file} cannot be read"
    raise PreflightError(
        "access.hosts",
        f"this machine does not find `{host}` at {advised.address}",
        because=because,
        hint=f"`{command(facts)}`; or have it done with `todoctl doctor --hosts`",
    )


def command(facts: Facts) -> str:
    """Return the exact command that gives the hosts file its line."""
    host, advised = _advice(facts)
    if hosts.look_up(advised.hosts_file, host, advised.address).entry is hosts.Entry.OTHER_ADDRESS:
        backup = hosts.backup_suffix(advised.hosts_file)
        return advice.replace_line(system.host_system(), host, advised.hosts_line, backup=backup)
    return advised.commands[0]


def add_line(facts: Facts) -> Repair:
    """Return the repair that writes the hosts file. Where it may not, it says what to type."""
    _, advised = _advice(facts)
    kept = f"hosts{hosts.backup_suffix(advised.hosts_file)}"
    question = f"Write `{advised.hosts_line}` to {advised.hosts_file}? What it was stays beside it, as {kept}."
    return Repair(question, partial(_write, facts))


def _write(facts: Facts, reporter: Reporter, _: Deadline) -> None:
    host, advised = _advice(facts)
    try:
        backup = hosts.write(advised.hosts_file, host, advised.address)
    except AccessError as error:
        error.hint = f"`{command(facts)}`"
        raise
    reporter.note(f"as it was before: {backup}")


def _advice(facts: Facts) -> tuple[str, Advice]:
    target = facts.target
    assert not isinstance(target, Remote)  # noqa: S101 - for mypy: `has_line` holds for it
    host = facts.host
    kind = advice.DockerKind.DESKTOP if facts.engine.desktop else advice.DockerKind.ENGINE
    return host, advice.advise(
        system.host_system(),
        target.driver,
        kind,
        node_address=target.address(),
        host=host,
        profile=facts.settings.profile,
    )
