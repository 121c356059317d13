"""The tasks that a first visit finds, to try things on."""

from datetime import date, timedelta
from typing import NamedTuple


class Sample(NamedTuple):
    """A sample, its columns as the table has them; the tags have spaces between them."""

    title: str
    description: str
    priority: int
    tags: str
    due_date: date


def samples_from(today: date) -> list[Sample]:
    """Return the samples of a visit on this day, the one to be on top first."""

    def day(distance: int) -> date:
        try:
            return today + timedelta(days=distance)
        except OverflowError:
            return today

    scale_out = "The Cluster page makes load and shows the pods."
    return [
        Sample("Tick me off", "Click the box. Changed your mind? There is an undo.", 0, "start", day(0)),
        Sample("Add a task in one line", "Such as “Buy milk !high #home tomorrow 18:00”.", 3, "start", day(0)),
        Sample("Ask the assistant for something", "Each change is shown, and has an undo.", 2, "start", day(1)),
        Sample("Watch this app scale out", scale_out, 1, "kubernetes", day(3)),
        Sample("Return the library books", "Overdue tasks have a view of their own.", 2, "home", day(-1)),
    ]
