"""A whole bundle that is not for this todoctl, or changed after it was verified: nothing of it reaches a node."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from todoctl import bundle
from todoctl.errors import ArchiveError
from todoctl.images.build import Plan
from todoctl.images.image import BACKEND, FRONTEND
from todoctl.offline import Verified

PLANS = [Plan(BACKEND, "3f1c9d27a0b4", {}), Plan(FRONTEND, "81e05b6cd9f2", {})]


def made(path: Path, *references: str) -> Verified:
    with bundle.creating(path) as writer:
        for number, reference in enumerate(references):
            with writer.member(f"images/{number}.tar") as member:
                member.write(reference.encode())
                member.references = (reference,)
        index = writer.close(todoctl="9.9.9", platform="linux/amd64")
    return Verified(path, index)


def test_a_bundle_with_this_todoctls_images_will_do(tmp_path: Path) -> None:
    made(tmp_path / "b", *(plan.reference for plan in PLANS), "postgres:17").require_images(PLANS)


def test_a_bundle_of_another_todoctl_leads_to_the_one_in_it(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError) as caught:
        made(tmp_path / "b", PLANS[0].reference, "todo-frontend:000000000000").require_images(PLANS)
    assert caught.value.id == "bundle.other"
    assert caught.value.because == "it was made by 9.9.9, and has no `todo-frontend:81e05b6cd9f2`"
    assert caught.value.hint == f"use the todoctl in it: `tar -xf {tmp_path / 'b'} todoctl.pyz`"


def test_a_bundle_that_was_exchanged_after_it_was_verified_is_not_unpacked(tmp_path: Path) -> None:
    verified = made(tmp_path / "b", "todo-backend:1")
    made(tmp_path / "b", "todo-backend:2")
    nothing_to_send_to: Any = SimpleNamespace()
    with pytest.raises(ArchiveError) as caught:
        verified.unpack(nothing_to_send_to)
    assert caught.value.id == "bundle.changed"
