"""The API against its own OpenAPI document: whatever is sent, no answer that is not documented, and no 5xx."""

import subprocess
import sys
from pathlib import Path

from kubernetes_api import KubernetesAPI, credentials_in
from postgres import free_port
from serving import serving
from tokens import SECRET, bearer

from todo_backend.application import create_app
from todo_backend.auth import MAX_LIFETIME_SECONDS
from todo_backend.cluster.service import ClusterService
from todo_backend.settings import Settings

CONTRACT = Path(__file__).parents[2] / "contract" / "openapi.json"
SETTINGS = Path(__file__).parent / "schemathesis.toml"


def test_every_answer_to_generated_requests_is_a_documented_one(database: str, user: str, tmp_path: Path) -> None:
    app = create_app(Settings(database_url=database, better_auth_secret=SECRET))
    with serving(KubernetesAPI().app) as kubernetes, serving(app) as address:
        # Where nothing listens: the load of the Cluster page's runs is not what is looked at here.
        app.state.cluster = ClusterService(app.state.database, credentials_in(tmp_path), kubernetes, free_port())
        program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(SETTINGS)]
        header = f"Authorization: {bearer(user)['Authorization']}"
        done = subprocess.run(
            [*program, "run", str(CONTRACT), "--url", address, "--header", header],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=MAX_LIFETIME_SECONDS - 20,  # an expired token would be refused all along
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
