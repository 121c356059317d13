"""The built zipapp, kubectl and a browser of sorts, for the tests that go through a real cluster."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROFILE = os.environ.get("TODOCTL_TEST_PROFILE", "todoctl-test")
NAMESPACE = "todo-app"
HOST = "todo-app.local"


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)["data"]

    @property
    def error(self):
        return json.loads(self.out)["error"]


@dataclass
class Todoctl:
    """Runs the zipapp as a user does, in a process of its own."""

    zipapp: Path
    profile: str
    environment: dict = field(default_factory=dict)

    def __call__(self, *arguments, timeout=900, python=sys.executable, stdin=subprocess.DEVNULL, **environment):
        done = subprocess.run(
            [python, str(self.zipapp), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=stdin,
            env={**os.environ, "TODOCTL_PROFILE": self.profile, **environment},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def command(*argv, check=True, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, **options)
    assert not check or done.returncode == 0, f"{argv}: {done.stderr or done.stdout}"
    return done.stdout


@dataclass
class Kubectl:
    context: str

    def __call__(self, *arguments, **options):
        return command("kubectl", "--context", self.context, *arguments, **options)

    def json(self, *arguments):
        return json.loads(self(*arguments, "-o", "json"))


class Browser:
    """An HTTP client with a cookie jar, which reaches the Ingress by address and names the host by hand."""

    def __init__(self, address, host=HOST, scheme="http"):
        self.address, self.host, self.scheme = address, host, scheme
        self.cookies = {}
        self.set_cookie = []

    def __call__(self, method, path, body=None, token=None):
        headers = {"Host": self.host, "Origin": f"{self.scheme}://{self.host}"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.scheme}://{self.address}{path}", data=data, headers=headers, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *self.handlers())
        try:
            with opener.open(request, timeout=30) as response:
                return self._read(response)
        except urllib.error.HTTPError as error:
            return self._read(error)

    def handlers(self):
        return []

    def _read(self, response):
        for line in response.headers.get_all("Set-Cookie") or []:
            self.set_cookie.append(line)
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        text = response.read().decode()
        is_json = re.match(r"application/(.*\+)?json", response.headers.get("Content-Type", ""))
        return response.status, json.loads(text) if is_json and text else text

    def sign_up(self, email, password="correct horse battery"):
        return self("POST", "/auth/sign-up/email", {"email": email, "password": password, "name": "Ada"})

    def sign_in(self, email, password="correct horse battery"):
        return self("POST", "/auth/sign-in/email", {"email": email, "password": password})

    def token(self):
        status, answer = self("POST", "/token")
        assert status == 200, answer
        return answer["token"]
