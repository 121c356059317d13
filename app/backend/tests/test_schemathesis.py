"""The API against its own OpenAPI document: whatever is sent, no answer that is not documented, and no 5xx."""

import subprocess
import sys
from pathlib import Path

from server import running
from tokens import bearer

from todo_backend.auth import MAX_LIFETIME_SECONDS

CONTRACT = Path(__file__).parents[2] / "contract" / "openapi.json"
SETTINGS = Path(__file__).parent / "schemathesis.toml"


def test_every_answer_to_generated_requests_is_a_documented_one(database: str, user: str, tmp_path: Path) -> None:
    with running(database, LOG_LEVEL="error") as server:  # nobody reads its output before it ends
        program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(SETTINGS)]
        header = f"Authorization: {bearer(user)['Authorization']}"
        done = subprocess.run(
            [*program, "run", str(CONTRACT), "--url", server.address, "--header", header],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=MAX_LIFETIME_SECONDS - 20,  # an expired token would be refused all along
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
