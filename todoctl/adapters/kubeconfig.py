"""Read a kubeconfig: which server a context means, and how to prove who we are.

The rules are kubectl's: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ and
https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from todoctl.adapters import process
from todoctl.deadline import Deadline
from todoctl.errors import ClusterError, TodoctlError

_MINIKUBE = "minikube.sigs.k8s.io"
"""What Minikube calls itself in the entries that it writes."""
PLUGIN_SECONDS = 60.0
"""How long a credential plugin may take; some ask their own server."""


@dataclass(frozen=True)
class Connection:
    """How to reach the API server of one context; `minikube`: whether Minikube wrote its cluster's entry."""

    context: str
    server: str
    minikube: bool
    tls: ssl.SSLContext | None = field(repr=False)
    tls_server_name: str | None
    authorization: str | None = field(repr=False)
    proxy_url: str | None = field(repr=False)


@dataclass(frozen=True)
class _Entry:
    """The content of one named entry, and the folder that its relative paths start from."""

    content: Mapping[str, Any] = field(repr=False)
    folder: Path

    def path(self, key: str) -> Path | None:
        """Return the file that `key` names."""
        return self.folder / self.content[key] if self.content.get(key) else None

    def data(self, key: str) -> bytes | None:
        """Return what `key` holds: base64 in `<key>-data`, which comes first, or the content of the file it names."""
        inline = self.content.get(f"{key}-data")
        if inline:
            return base64.b64decode(inline, validate=True)
        path = self.path(key)
        return path.read_bytes() if path else None


def load(context: str, kubeconfig: Path | None = None) -> Connection:
    """Resolve `context` from `kubeconfig`, or from the files that KUBECONFIG names, or from `~/.kube/config`.

    The current context plays no part. May run a credential plugin, for up to PLUGIN_SECONDS. Raises ClusterError when
    a file is unreadable, the context or what it refers to is missing, a certificate does not load, or the plugin fails.
    """
    where = _files(kubeconfig)
    try:
        contexts, clusters, users = _merged(where, explicit=kubeconfig is not None)
        if context not in contexts:
            raise _unknown_context(context, where, contexts)
        chosen = contexts[context].content
        cluster = clusters.get(chosen.get("cluster", ""))
        if cluster is None or not cluster.content.get("server"):
            raise _unusable(where, f"context `{context}` refers to no cluster with a server")
        if chosen.get("user") and chosen["user"] not in users:
            raise _unusable(where, f"context `{context}` refers to a user that is not there")
        return _connection(context, cluster, users.get(chosen.get("user", ""), _Entry({}, Path())))
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise _unusable(where, _one_line(error)) from error


def server(context: str) -> str | None:
    """Return the URL of a context's API server, None where no file has it. Runs nothing, and raises nothing."""
    try:
        contexts, clusters, _ = _merged(_files(None), explicit=False)
        return str(clusters[contexts[context].content["cluster"]].content["server"])
    except (TodoctlError, OSError, ValueError, TypeError, AttributeError, KeyError):
        return None


def contexts() -> list[str]:
    """Return the names of the contexts that there are. Raises ClusterError when a file is unreadable."""
    where = _files(None)
    try:
        return list(_merged(where, explicit=False)[0])
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise _unusable(where, _one_line(error)) from error


def _files(kubeconfig: Path | None) -> tuple[Path, ...]:
    if kubeconfig is not None:
        return (kubeconfig,)
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    try:
        return tuple(Path(part).expanduser() for part in named) or (Path.home() / ".kube" / "config",)
    except RuntimeError as error:
        raise ClusterError(
            "cluster.kubeconfig",
            "cannot tell where the kubeconfig is",
            because=_one_line(error),
            hint="name its file, with its whole path, in KUBECONFIG",
        ) from error


def _merged(files: tuple[Path, ...], *, explicit: bool) -> tuple[dict[str, _Entry], ...]:
    """Merge the files; of entries with the same name the first counts. Files that KUBECONFIG names may be absent."""
    import yaml

    present = [path for path in files if explicit or path.exists()]
    if not present:
        raise _unusable(files, "there is no such file")
    sections: tuple[dict[str, _Entry], ...] = ({}, {}, {})
    for path in present:
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            # The text of a YAML error quotes the line, which may hold a token.
            mark = getattr(error, "problem_mark", None)
            line = f" (line {mark.line + 1})" if mark else ""
            raise _unusable((path,), f"it is not YAML{line}") from None
        for section, plural, singular in zip(
            sections, ("contexts", "clusters", "users"), ("context", "cluster", "user"), strict=True
        ):
            for entry in document.get(plural) or ():
                section.setdefault(entry["name"], _Entry(entry.get(singular) or {}, path.absolute().parent))
    return sections


def _connection(context: str, cluster: _Entry, user: _Entry) -> Connection:
    server = cluster.content["server"].rstrip("/")
    authorization, certificate, key = _credentials(context, cluster, user)
    return Connection(
        context=context,
        server=server,
        minikube=_is_minikubes(cluster),
        tls=_tls(cluster, certificate, key) if server.startswith("https:") else None,
        tls_server_name=cluster.content.get("tls-server-name"),
        authorization=authorization,
        proxy_url=cluster.content.get("proxy-url"),
    )


def _is_minikubes(cluster: _Entry) -> bool:
    extensions = [one.get("extension") for one in cluster.content.get("extensions") or ()]
    return any(isinstance(one, Mapping) and one.get("provider") == _MINIKUBE for one in extensions)


def _credentials(context: str, cluster: _Entry, user: _Entry) -> tuple[str | None, bytes | None, bytes | None]:
    """Return the Authorization header and the client certificate with its key, each if there is one."""
    certificate, key = user.data("client-certificate"), user.data("client-key")
    token_file = user.path("tokenFile")
    token = token_file.read_text(encoding="utf-8").strip() if token_file else user.content.get("token")
    if token:
        return f"Bearer {token}", certificate, key
    if user.content.get("exec"):
        status = _run_plugin(context, cluster, user)
        authorization = f"Bearer {status['token']}" if status.get("token") else None
        if status.get("clientCertificateData"):
            certificate = status["clientCertificateData"].encode()
            key = status.get("clientKeyData", "").encode()
        return authorization, certificate, key
    if user.content.get("username"):
        pair = f"{user.content['username']}:{user.content.get('password', '')}"
        return "Basic " + base64.b64encode(pair.encode()).decode(), certificate, key
    if user.content.get("auth-provider"):
        return _from_provider(context, cluster, user), certificate, key
    return None, certificate, key


def _from_provider(context: str, cluster: _Entry, user: _Entry) -> str:
    """Have the Kubernetes client sign in: it knows the providers from before credential plugins, OpenID Connect first.

    Imported here alone, as it takes a third of a second. It swallows what goes wrong, so its answer is looked at.
    """
    from kubernetes.client import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    document = {
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "clusters": [{"name": context, "cluster": {"server": cluster.content["server"]}}],
        "users": [{"name": context, "user": {"auth-provider": user.content["auth-provider"]}}],
    }
    configuration = Configuration()
    why = "it gave no token"
    try:
        KubeConfigLoader(document, config_base_path=str(user.folder)).load_and_set(configuration)
    except (ConfigException, ImportError, LookupError, ValueError, TypeError, AttributeError, OSError) as error:
        # Its messages may quote the provider's settings: only the kind of error is told.
        why = f"it failed with {type(error).__name__}"
    authorization = configuration.api_key.get("authorization")
    if not authorization:
        name = user.content["auth-provider"].get("name", "without a name")
        raise ClusterError(
            "cluster.credentials",
            f"cannot sign in to context `{context}`",
            because=f"its user has auth provider `{name}`, and {why}",
            hint="let your provider's command line write the entry again; newer ones use `exec`",
        )
    return str(authorization)


def _run_plugin(context: str, cluster: _Entry, user: _Entry) -> dict[str, Any]:
    """Run a credential plugin and return the `status` that it answers.

    See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
    """
    plugin = user.content["exec"]
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        ca = cluster.data("certificate-authority")
        spec["cluster"] = {
            "server": cluster.content["server"],
            **({"certificate-authority-data": base64.b64encode(ca).decode()} if ca else {}),
        }
    request = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec}
    command = plugin["command"]
    if "/" in command or os.sep in command:  # a bare name is looked for on PATH, a relative path at the kubeconfig
        command = str(user.folder / command)

    def failed(because: str) -> ClusterError:
        return ClusterError(
            "cluster.credentials",
            f"cannot sign in to context `{context}`",
            because=f"credential plugin {because}",
            hint=plugin.get("installHint") or f"see what `kubectl --context {context} version` says",
        )

    try:
        done = process.run(
            [command, *(plugin.get("args") or ())],
            deadline=Deadline(PLUGIN_SECONDS),
            env={
                **{pair["name"]: pair["value"] for pair in plugin.get("env") or ()},
                "KUBERNETES_EXEC_INFO": json.dumps(request),
            },
        )
    except TodoctlError as error:
        raise failed(f"`{plugin['command']}`: {error.what}") from error
    if not done.ok:
        # What it wrote to stdout may be half a credential.
        raise failed(replace(done, stdout="").complaint())
    status = _status(done.stdout)
    if not (status.get("token") or status.get("clientCertificateData")):
        # Here too.
        raise failed(f"`{plugin['command']}` answered no ExecCredential with a token or a certificate")
    return status


def _status(answer: str) -> dict[str, Any]:
    """Return the status of an ExecCredential, empty for anything else."""
    try:
        status = json.loads(answer)["status"]
    except (ValueError, KeyError, TypeError):
        return {}
    return status if isinstance(status, dict) else {}


def _tls(cluster: _Entry, certificate: bytes | None, key: bytes | None) -> ssl.SSLContext:
    ca = cluster.data("certificate-authority")
    tls = ssl.create_default_context(cadata=ca.decode() if ca else None)
    # Python 3.13 refuses CA certificates without an Authority Key Identifier, as many clusters have; kubectl does not.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.content.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    if certificate and key:
        # The ssl module takes private keys from files alone: this one is readable by us only, and gone after loading.
        with tempfile.TemporaryDirectory(prefix="todoctl-") as folder:
            pair = Path(folder, "client.pem")
            pair.touch(mode=0o600)
            pair.write_bytes(certificate + b"\n" + key)
            tls.load_cert_chain(pair)
    return tls


def _unknown_context(context: str, files: tuple[Path, ...], contexts: Mapping[str, _Entry]) -> ClusterError:
    known = ", ".join(f"`{name}`" for name in sorted(contexts)) or "none"
    return ClusterError(
        "cluster.context",
        f"there is no context `{context}`",
        because=f"{_listed(files)} has {known}",
        hint="start the cluster, or name another one with `--context`",
    )


def _unusable(files: tuple[Path, ...], because: str) -> ClusterError:
    return ClusterError(
        "cluster.kubeconfig",
        f"cannot use kubeconfig {_listed(files)}",
        because=because,
        hint="see what `kubectl config view` says, or name another file with KUBECONFIG",
    )


def _listed(files: tuple[Path, ...]) -> str:
    return ", ".join(f"`{path}`" for path in files)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
