import threading
from pathlib import Path

import pytest

from todoctl.images.digests import ConfigDigests


def test_an_image_id_may_be_the_config_digest_itself(tmp_path: Path) -> None:
    assert ConfigDigests(tmp_path / "d.json").of("sha256:a") == {"sha256:a"}


def test_what_was_remembered_is_known_to_the_next_run(tmp_path: Path) -> None:
    ConfigDigests(tmp_path / "new" / "d.json").remember("sha256:a", "sha256:b")
    assert ConfigDigests(tmp_path / "new" / "d.json").of("sha256:a") == {"sha256:a", "sha256:b"}


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "\x00"])
def test_a_damaged_file_costs_nothing_but_what_was_remembered(tmp_path: Path, content: str) -> None:
    (tmp_path / "d.json").write_text(content)
    digests = ConfigDigests(tmp_path / "d.json")
    assert digests.of("sha256:a") == {"sha256:a"}
    digests.remember("sha256:a", "sha256:b")
    assert digests.of("sha256:a") == {"sha256:a", "sha256:b"}


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    digests = ConfigDigests(tmp_path / "file" / "d.json")
    digests.remember("sha256:a", "sha256:b")
    assert digests.of("sha256:a") == {"sha256:a"}


def test_the_file_does_not_grow_for_ever_and_keeps_the_latest(tmp_path: Path) -> None:
    digests = ConfigDigests(tmp_path / "d.json")
    for number in range(150):
        digests.remember(f"sha256:{number}", "sha256:x")
    assert (digests.of("sha256:49"), len(digests.of("sha256:50")), len(digests.of("sha256:149"))) == (
        {"sha256:49"},
        2,
        2,
    )


def test_threads_do_not_lose_each_others_entries(tmp_path: Path) -> None:
    digests = ConfigDigests(tmp_path / "d.json")
    threads = [threading.Thread(target=digests.remember, args=(f"sha256:{n}", "sha256:x")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(digests.of(f"sha256:{n}")) == 2 for n in range(20))
    assert [path.name for path in tmp_path.iterdir()] == ["d.json"]
