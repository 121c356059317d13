"""The first file of todoctl.pyz that Python runs. Parses on Python 3.6: see todoctl/startup.py."""

import startup  # type: ignore[import-not-found]  # todoctl/startup.py, which the build puts beside this file

startup.require_python()

import launch  # noqa: E402 - an old Python cannot read it

launch.main()
