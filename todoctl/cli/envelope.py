"""The versioned JSON envelope that `-o json` prints on stdout, on success and on errors."""

from __future__ import annotations

import json
from pathlib import Path

from todoctl.errors import TodoctlError
from todoctl.result import Result

API_VERSION = "todoctl/v1"


def of_result(result: Result) -> str:
    """Return the envelope of a command that ended, whatever its exit code."""
    return _dump(
        {
            "apiVersion": API_VERSION,
            "command": result.command,
            "exitCode": int(result.exit_code),
            "data": result.data,
            "error": None,
        }
    )


def of_error(command: str, error: TodoctlError, *, log: Path | None = None) -> str:
    """Return the envelope of a command that raised; `log` is where its log is, if it has one."""
    return _dump(
        {
            "apiVersion": API_VERSION,
            "command": command,
            "exitCode": int(error.exit_code),
            "data": {},
            "error": {
                "id": error.id,
                "what": error.what,
                "because": error.because,
                "hint": error.hint,
                "details": list(error.details),
                "log": str(log) if log else None,
            },
        }
    )


def _dump(envelope: dict[str, object]) -> str:
    return json.dumps(envelope, indent=2, ensure_ascii=False)
