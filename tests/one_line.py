"""One line a case, as a sentence, for the folders whose cases are stories rather than dots."""

FOLDERS = ("tests/faults/", "tests/long/")
WORDS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}


def sentence(nodeid):
    """Return `a killed install: the next run converges [in Build]` of the test's name and its parameters."""
    name = nodeid.rpartition("::")[2].removeprefix("test_")
    name, bracket, parameters = name.partition("[")
    return name.replace("_", " ") + (f": {parameters.rstrip(']')}" if bracket else "")


def is_told(report):
    return report.nodeid.startswith(FOLDERS) and (report.when == "call" or report.outcome != "passed")


class OneLine:
    """Prints the lines."""

    def __init__(self, config):
        self._config = config
        self._seconds = {}

    def pytest_report_teststatus(self, report):
        return (report.outcome, "", report.outcome.upper()) if is_told(report) else None

    def pytest_runtest_logreport(self, report):
        seconds = self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration
        if is_told(report):
            terminal = self._config.pluginmanager.get_plugin("terminalreporter")
            terminal.ensure_newline()
            terminal.write_line(f"{WORDS[report.outcome]:7} {seconds:4.0f} s  {sentence(report.nodeid)}")
