"""What the frontend is made from: app/contract."""

import runpy
from pathlib import Path

CONTRACT = Path(__file__).parents[2] / "contract"


def test_the_openapi_document_that_is_checked_in_is_what_the_code_says() -> None:
    document = runpy.run_path(str(CONTRACT / "make_openapi.py"))["document"]
    # Write it anew with `python ../contract/make_openapi.py`, and the frontend's client after it.
    assert (CONTRACT / "openapi.json").read_text("utf-8") == document()
