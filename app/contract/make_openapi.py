# ruff: noqa: INP001 - a script, and no package
"""Write openapi.json: what the backend serves at /api/openapi.json, from which the frontend's client is made.

Run it with the backend's Python, from app/backend: `python ../contract/make_openapi.py`. A test of the backend fails
while the file is not what the code says.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "backend"))


def document() -> str:
    """Return the OpenAPI document as the file has it."""
    from todo_backend.application import create_app
    from todo_backend.settings import Settings

    nowhere = {"database_url": "postgresql://nowhere/todo", "better_auth_secret": "x" * 32}
    app = create_app(Settings.model_validate(nowhere))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (HERE / "openapi.json").write_text(document(), encoding="utf-8")
