"""Why a build, a pull or a sideload failed: what programs say, and what a person can do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Cause:
    """A cause that todoctl knows: `id` ends the error's id, `because` and `hint` are for a person."""

    id: str
    because: str
    hint: str
    said: re.Pattern[str]


def find(output: str, among: Sequence[Cause] | None = None) -> Cause | None:
    """Return the first cause that this output of a program shows, of those on the host or `among` others, or None."""
    return next((cause for cause in among or CAUSES if cause.said.search(output)), None)


def _cause(id_: str, said: str, because: str, hint: str) -> Cause:
    return Cause(id_, because, hint, re.compile(said, re.IGNORECASE))


# Each is a certificate that is not trusted, too, which no CA mends.
_NOT_NOW = r"certificate has expired|CERT_HAS_EXPIRED|expired certificate|not yet valid|NOT_YET_VALID"
_OTHER_NAME = (
    r"x509: certificate is (not )?valid for|doesn't contain any IP SANs|legacy Common Name"
    r"|hostname mismatch|ALTNAME_INVALID"
)

# In the order of how much they explain: a full disk also breaks hashes, a missing CA also fails downloads.
CAUSES = (
    _cause(
        "disk-full",
        r"no space left on device|ENOSPC|not enough space on the disk|disk quota exceeded",
        "no space left on the disk",
        "see what takes it with `docker system df`; `docker builder prune` frees the build cache; "
        "then run the command again",
    ),
    _cause(
        "buildkit-missing",
        r"buildx component is missing or broken|requires buildkit|unknown flag: --(progress|secret)",
        "this Docker has no BuildKit",
        "install the buildx plugin (package `docker-buildx-plugin` or `docker-buildx`), then run the command again",
    ),
    _cause(
        "docker-down",
        r"cannot connect to the docker daemon|error during connect|docker daemon is not running",
        "Docker is not running",
        "start Docker, then run the command again",
    ),
    _cause(
        "clock",
        _NOT_NOW,
        "a server's TLS certificate does not count at this time: it has expired, or this clock is wrong",
        "see what `date` says here, and in Docker's virtual machine if it has one; restart Docker where that is wrong",
    ),
    _cause(
        "tls-name",
        _OTHER_NAME,
        "a server's TLS certificate is for another name",
        "see whether a proxy, a mirror or a name server leads elsewhere",
    ),
    _cause(
        "tls-untrusted",
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|VERIFY)"
        r"|self-signed certificate|x509: certificate signed by unknown authority|certificate is not trusted",
        "a server's TLS certificate is not trusted; this network may re-sign TLS",
        "name the network's CA bundle in TODOCTL_EXTRA_CA=FILE, and let Docker trust it for pulls",
    ),
    _cause(
        "rate-limited",
        r"toomanyrequests|429 Too Many Requests",
        "the image registry limits how much may be pulled",
        "wait, or sign in with `docker login`, then run the command again",
    ),
    _cause(
        "pull-denied",
        r"pull access denied|manifest( for \S+)? (unknown|not found)|repository does not exist|: not found: manifest",
        "the registry does not have the base image, or does not give it to you",
        "see whether `docker pull` of that image works",
    ),
    _cause(
        "hash-mismatch",
        r"DO NOT MATCH THE HASHES|EINTEGRITY|integrity checksum failed",
        "a download is not what the lock file says",
        "run the command again; if it stays, a proxy or mirror changes packages on their way",
    ),
    _cause(
        "network",
        r"no such host|temporary failure in name resolution|name or service not known|getaddrinfo|EAI_AGAIN"
        r"|network is unreachable|ENETUNREACH|connection timed out|i/o timeout|ETIMEDOUT|TLS handshake timeout"
        r"|connection refused|ECONNREFUSED|ConnectTimeoutError|Temporary failure resolving|could not resolve host"
        r"|context deadline exceeded|connection reset by peer|ECONNRESET",
        "no connection to the registry that it downloads from",
        "check the internet connection and Docker's proxy settings, then run the command again",
    ),
    _cause(
        "out-of-memory",
        r"exit code: 137|heap out of memory|cannot allocate memory",
        "the build ran out of memory",
        "close other programs, or give Docker more memory, then run the command again",
    ),
)

# `{node}` in a hint is the node's name.
ON_NODE = (
    _cause(
        "node-disk-full",
        r"no space left on device|disk quota exceeded",
        "no space left on the node",
        "free space (a Minikube: `minikube image rm -p PROFILE` of old tags), or give Docker more disk, "
        "then run the command again",
    ),
    _cause(
        "node-gone",
        r"is not running|no such container|connection refused|cannot connect to the docker daemon",
        "the node is not running",
        "start it (a Minikube: `minikube start -p PROFILE`; kind or k3d: `docker start {node}`), "
        "then run the command again",
    ),
)

# `{host}` in a hint is the registry's.
ON_PUSH = (
    _cause(
        "no-host",
        r"no such host|temporary failure in name resolution|network is unreachable",
        "the registry's name leads nowhere from here",
        "see how `{host}` is spelt, and whether this host resolves it",
    ),
    _cause(
        "no-answer",
        r"connection refused|i/o timeout|TLS handshake timeout|connection reset by peer|context deadline exceeded",
        "the registry does not answer",
        "see whether `{host}` runs, and whether Docker reaches it",
    ),
    _cause(
        "clock",
        _NOT_NOW,
        "the registry's certificate does not count at this time: it has expired, or this clock is wrong",
        "see what `date` says here and in Docker's virtual machine, or have the certificate of `{host}` renewed",
    ),
    _cause(
        "tls-name",
        _OTHER_NAME,
        "the registry's certificate is for another name",
        "see how `{host}` is spelt, or give the registry a certificate for it",
    ),
    _cause(
        "tls-untrusted",
        r"x509: |certificate is not trusted",
        "Docker does not trust the registry's certificate",
        "put the CA into /etc/docker/certs.d/{host}/ca.crt (Docker Desktop: into the system's trust store)",
    ),
    _cause(
        "no-tls",
        r"server gave HTTP response to HTTPS client",
        "the registry does not speak TLS",
        "give it a certificate; nodes would not pull from it either",
    ),
    _cause(
        "repository-missing",
        r"name unknown|repository .* (does not exist|not found)",
        "the registry wants the repository to be made first",
        "make it there, one for each image (`todo-backend`, `todo-frontend`)",
    ),
    _cause(
        "denied",
        r"no basic auth credentials|unauthorized|denied|forbidden|authentication required",
        "the registry does not let this user push",
        "sign in with `docker login {host}`, as a user who may push there",
    ),
    _cause(
        "registry-full",
        r"no space left on device|quota|413 Request Entity Too Large|too large",
        "the registry has no room for the image",
        "free space in the registry, or raise its limit",
    ),
)
