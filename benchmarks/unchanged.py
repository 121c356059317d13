"""What it costs to find nothing to do: `todoctl install` beside what one would type without it, in turn.

    python3 benchmarks/unchanged.py [PROFILE] [RUNS]

Needs an app that is installed. The peer does less: `kubectl diff` of the rendered manifests, `kubectl rollout status`
of each workload, and one request through the Ingress; it looks at no image and no Secret. Prints the median, minimum
and maximum wall-clock seconds of each, and of `--help` beside `kubectl version --client`.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TODOCTL = [sys.executable, str(ROOT / "dist" / "todoctl.pyz")]


def seconds(*commands: list[str], codes: tuple[int, ...] = (0,)) -> float:
    """Run commands one after the other, and return how long they took. Stops at an exit code that is not expected."""
    started = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in codes:
            sys.exit(f"{' '.join(command)} exited {done.returncode}: {done.stderr}")
    return time.perf_counter() - started


def compare(titles: tuple[str, str], ours: list[list[str]], theirs: list[list[str]], runs: int) -> None:
    """Time both in turn, after one round that does not count, and print a line for each."""
    # `kubectl diff` exits 1 where it finds a difference: the fingerprint tags.
    figures = [(seconds(*ours), seconds(*theirs, codes=(0, 1))) for _ in range(runs + 1)]
    for title, values in zip(titles, zip(*figures[1:], strict=True), strict=True):
        print(f"{title:44} {statistics.median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")


def main(profile: str = "minikube", runs: str = "5") -> None:
    """Print both comparisons."""
    kubectl = ["kubectl", "--context", profile]
    address = subprocess.run(["minikube", "ip", "-p", profile], capture_output=True, text=True, check=True).stdout
    rendered = str(ROOT / "bundled_manifests" / "rendered" / "development.yaml")
    workloads = ["deployment/todo-backend", "deployment/todo-frontend", "statefulset/todo-postgres"]
    compare(
        ("todoctl install, nothing to do", "kubectl diff, rollout status, curl"),
        [[*TODOCTL, "install", "-p", profile]],
        [
            [*kubectl, "diff", "--server-side", "--force-conflicts", "-f", rendered],
            *([*kubectl, "-n", "todo-app", "rollout", "status", workload] for workload in workloads),
            ["curl", "-s", "--noproxy", "*", "-H", "Host: todo-app.local", f"http://{address.strip()}/healthz"],
        ],
        int(runs),
    )
    compare(
        ("todoctl --help", "kubectl version --client"),
        [[*TODOCTL, "--help"]],
        [["kubectl", "version", "--client"]],
        int(runs),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
