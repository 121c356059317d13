"""`history`: the releases of an installation, and which one runs."""

from __future__ import annotations

from dataclasses import dataclass

from todoctl.installation import Installation
from todoctl.objects import releases
from todoctl.objects.releases import Release


@dataclass(frozen=True)
class History:
    """The releases, newest first; `running` is the revision of the one that the cluster is asked to run, if any."""

    releases: tuple[Release, ...]
    running: int | None


def history(installation: Installation) -> History:
    """Look the releases up. Needs nothing but the cluster."""
    found = releases.history(installation.cluster, installation.settings.namespace)
    live = releases.workloads(installation.cluster, installation.settings.namespace)
    return History(tuple(found), next((one.revision for one in found if one.runs(live)), None))
