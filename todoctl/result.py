"""What a command returns: a frozen value that one renderer prints, as text or as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from todoctl.errors import ExitCode


@dataclass(frozen=True)
class Result:
    """The outcome of one command.

    `data` is plain JSON types and goes into the `-o json` envelope; `text` is what a person reads on stdout.
    """

    command: str
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    exit_code: ExitCode = ExitCode.OK
