"""Texts that show causes: recorded where a machine without image registries can make the programs say them, for the
others (registries' limits and refusals, a Docker without BuildKit, npm's ENOSPC, apt's TLS) as their sources word them.
"""

# ruff: noqa: E501 - what programs say is as long as it is

from pathlib import Path

import pytest

from todoctl.images import causes

RECORDED = Path(__file__).with_name("recorded")
"""What containerd 2.2.9, of Minikube's node, said with its root on a tmpfs too small to take the archive, or to unpack it."""

ON_HOST = [
    ("disk-full", "dd: error writing '/x': No space left on device"),
    ("disk-full", "npm error code ENOSPC\nnpm error syscall write\nnpm error errno -28"),
    (
        "disk-full",
        "failed to solve: failed to register layer: Error processing tar file(exit status 1): write /a: no space left on device",
    ),
    ("disk-full", "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"),
    (
        "buildkit-missing",
        "ERROR: BuildKit is enabled but the buildx component is missing or broken.\n       Install the buildx component to build images with BuildKit:\n       https://docs.docker.com/go/buildx/",
    ),
    (
        "buildkit-missing",
        "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled",
    ),
    ("buildkit-missing", "unknown flag: --progress\nSee 'docker build --help'."),
    (
        "docker-down",
        "failed to dial gRPC: cannot connect to the Docker daemon. Is 'docker daemon' running on this host?: dial tcp 127.0.0.1:1: connect: connection refused",
    ),
    (
        "docker-down",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ),
    *(
        ("clock", said)
        for said in (
            'failed to do request: Head "https://r/v2/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before 2026-01-01T00:00:00Z',
            "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid (_ssl.c:1006)')",
            "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)')",
            "npm error code CERT_HAS_EXPIRED\nnpm error request to https://r/left-pad failed, reason: certificate has expired",
            "npm error code CERT_NOT_YET_VALID",
            "Certificate verification failed: The certificate is NOT trusted. The certificate chain uses expired certificate.  Could not handshake: Error in the certificate verification.",
            "Certificate verification failed: The certificate is NOT trusted. The certificate chain uses not yet valid certificate.",
        )
    ),
    *(
        ("tls-name", said)
        for said in (
            'Get "https://r.example.com/v2/": tls: failed to verify certificate: x509: certificate is valid for other.example.com, not r.example.com',
            "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
            "certificate verify failed: Hostname mismatch, certificate is not valid for 'pypi.org'. (_ssl.c:1006)",
            "npm error code ERR_TLS_CERT_ALTNAME_INVALID",
        )
    ),
    (
        "tls-untrusted",
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)'))': /simple/click/",
    ),
    (
        "tls-untrusted",
        "npm error code DEPTH_ZERO_SELF_SIGNED_CERT\nnpm error request to https://localhost:8443/left-pad failed, reason: self-signed certificate",
    ),
    ("tls-untrusted", "npm error code SELF_SIGNED_CERT_IN_CHAIN"),
    ("tls-untrusted", "npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
    (
        "tls-untrusted",
        'failed to do request: Head "https://registry-1.docker.io/v2/library/python/manifests/3.12-slim": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
    (
        "tls-untrusted",
        "Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.  Could not handshake: Error in the certificate verification.",
    ),
    (
        "rate-limited",
        "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    ),
    (
        "pull-denied",
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    ),
    (
        "pull-denied",
        "Error response from daemon: manifest for python:3.12-slimm not found: manifest unknown: manifest unknown",
    ),
    (
        "hash-mismatch",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes.",
    ),
    (
        "hash-mismatch",
        "npm error code EINTEGRITY\nnpm error Integrity checksum failed when using sha512: wanted sha512-AAAA== but got sha512-XI5M==",
    ),
    (
        "network",
        'failed to do request: Head "https://registry-1.docker.io/v2/library/nosuch-image-xyz/manifests/1": dial tcp: lookup registry-1.docker.io on 10.0.0.53:53: no such host',
    ),
    (
        "network",
        'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.53:53: no such host',
    ),
    (
        "network",
        'Error response from daemon: Get "http://localhost:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    ),
    (
        "network",
        "npm error code ENOTFOUND\nnpm error network request to https://nosuch.invalid/left-pad failed, reason: getaddrinfo ENOTFOUND nosuch.invalid",
    ),
    ("network", "Temporary failure resolving 'deb.debian.org'"),
    (
        "network",
        "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/click/",
    ),
    ("out-of-memory", 'process "/bin/sh -c npm run build" did not complete successfully: exit code: 137'),
    ("out-of-memory", "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
]

ON_NODE = [
    *(("node-disk-full", file.read_text("utf-8")) for file in sorted(RECORDED.glob("containerd-no-space*.txt"))),
    ("node-gone", "Error response from daemon: Container 93e0 is not running"),
    ("node-gone", "Error: No such container: minikube"),
]


@pytest.mark.parametrize(("cause", "said"), ON_HOST)
def test_what_a_program_says_shows_its_cause(cause: str, said: str) -> None:
    found = causes.find(said)
    assert found is not None
    assert found.id == cause


@pytest.mark.parametrize(("cause", "said"), ON_NODE)
def test_what_a_node_says_shows_its_cause(cause: str, said: str) -> None:
    found = causes.find(said, causes.ON_NODE)
    assert found is not None
    assert found.id == cause


@pytest.mark.parametrize(
    "said", ["", "no such option: --no-such-option", "SyntaxError: invalid syntax", "Type error: x"]
)
def test_a_mistake_in_the_app_has_no_known_cause(said: str) -> None:
    assert causes.find(said) is None


def test_every_cause_is_shown_by_a_real_text() -> None:
    assert {cause.id for cause in causes.CAUSES} == {row[0] for row in ON_HOST}
    assert {cause.id for cause in causes.ON_NODE} == {row[0] for row in ON_NODE}
