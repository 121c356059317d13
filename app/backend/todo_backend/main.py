"""The entry point: `fastapi run --entrypoint todo_backend.main:app`."""

import logging
import sys

from todo_backend import logs
from todo_backend.application import create_app
from todo_backend.settings import Settings, SettingsError, load

try:
    _settings = load(Settings)
except SettingsError as error:
    logs.configure("info")
    logging.getLogger("todo_backend").critical("refusing to start: %s", error)
    sys.exit(1)

logs.configure(_settings.log_level)
app = create_app(_settings)
