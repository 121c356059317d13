"""`uninstall`: remove the app; with its data only after a question."""

from __future__ import annotations

from todoctl.installation import Installation
from todoctl.objects import delete, manifests
from todoctl.objects.delete import Uninstalled


def uninstall(installation: Installation, *, with_data: bool) -> Uninstalled:
    """Remove the app; with its data only after a question."""
    namespace = installation.settings.namespace
    installation.require_identity()
    if with_data:
        installation.reporter.confirm(
            f"Remove namespace `{namespace}` on `{installation.settings.context}` with all accounts and tasks? "
            "They cannot be brought back."
        )
    with installation.locked("uninstall"), installation.reporter.step("Uninstall"):
        return delete.uninstall(
            installation.cluster,
            namespace,
            manifests.load(installation.settings.environment),
            data=with_data,
            deadline=installation.deadline(),
            observe=installation.tell,
        )
