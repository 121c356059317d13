"""What the checked-in manifests promise. Needs no Helm and no cluster."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from todoctl import __version__

if TYPE_CHECKING:
    from manifests.conftest import Manifests

APP_OBJECTS = {
    "Namespace/todo-app",
    "ConfigMap/todo-config",
    "Ingress/todo-app",
    "NetworkPolicy/default-deny",
    "NetworkPolicy/allow-dns",
    "HorizontalPodAutoscaler/todo-backend",
} | {
    f"{kind}/{name}"
    for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy")
    for name in ("todo-backend", "todo-frontend")
}
POSTGRES_OBJECTS = {
    f"{kind}/todo-postgres" for kind in ("StatefulSet", "Service", "ServiceAccount", "ConfigMap", "NetworkPolicy")
}
CLUSTER_PAGE_OBJECTS = {"Role/todo-backend", "RoleBinding/todo-backend", "NetworkPolicy/cluster-page"}
OBJECTS = {
    "development": APP_OBJECTS | POSTGRES_OBJECTS | CLUSTER_PAGE_OBJECTS,
    "staging": APP_OBJECTS | {"NetworkPolicy/allow-acme-challenge"},
    "production": APP_OBJECTS | {"NetworkPolicy/allow-acme-challenge"},
}
HOSTS = {"development": "todo-app.local", "staging": "staging.todo-app.com", "production": "todo-app.com"}
PULL_POLICIES = {"development": "Never", "staging": "IfNotPresent", "production": "IfNotPresent"}
UIDS = {"todo-backend": 10001, "todo-frontend": 1001, "todo-postgres": 999}
LONGEST_ANSWER_SECONDS = {"todo-backend": 60, "todo-frontend": 60}

# docs/contract.md, "Environment of the containers": variable → where its value comes from.
CONFIG = {
    "backend": {
        "DATABASE_POOL_SIZE": "backend-pool-size",
        "LOG_LEVEL": "log-level",
        "OPENAI_BASE_URL": "openai-base-url",
        "OPENAI_MODEL": "openai-model",
        "ASSISTANT_DAILY_TOKENS": "assistant-daily-tokens",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "otel-endpoint",
    },
    "migrate": {"LOG_LEVEL": "log-level"},
    "frontend": {
        "DATABASE_POOL_SIZE": "frontend-pool-size",
        "BACKEND_URL": "backend-url",
        "AUTH_ALLOWED_HOSTS": "auth-allowed-hosts",
        "AUTH_PROTOCOL": "auth-protocol",
        "AUTH_IP_HEADER": "auth-ip-header",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "otel-endpoint",
    },
    "wait-for-schema": {},
    "postgres": {},
}
OPTIONAL = {"OPENAI_API_KEY", "OTEL_EXPORTER_OTLP_ENDPOINT"}
LITERALS = {
    *("HOSTNAME", "PORT", "PGDATA", "DATABASE_CA_FILE"),
    *("CLUSTER_CREDENTIALS", "CLUSTER_PAGE", "METRICS_PORT", "OTEL_SERVICE_NAME"),
}
SECRETS = {
    "backend": {
        "DATABASE_URL": "todo-secrets/database-url",
        "BETTER_AUTH_SECRET": "todo-secrets/better-auth-secret",
        "OPENAI_API_KEY": "todo-secrets/openai-api-key",
    },
    "migrate": {"DATABASE_URL": "todo-secrets/database-url"},
    "frontend": {
        "DATABASE_URL": "todo-secrets/database-url",
        "BETTER_AUTH_SECRET": "todo-secrets/better-auth-secret",
    },
    "wait-for-schema": {"DATABASE_URL": "todo-secrets/database-url"},
    "postgres": {
        "POSTGRES_PASSWORD": "todo-postgres/postgres-password",
        "APP_PASSWORD": "todo-postgres/app-password",
    },
}


def test_an_environment_has_exactly_these_objects(manifests: Manifests) -> None:
    found = [f"{item['kind']}/{item['metadata']['name']}" for item in manifests.objects]
    assert sorted(found) == sorted(OBJECTS[manifests.environment])


def test_the_namespace_comes_first_and_everything_else_is_in_it(manifests: Manifests) -> None:
    first, *others = manifests.objects
    assert first["kind"] == "Namespace"
    assert {item["metadata"]["namespace"] for item in others} == {first["metadata"]["name"]} == {"todo-app"}


def test_pod_security_is_restricted_at_a_pinned_version(manifests: Manifests) -> None:
    labels = manifests.objects[0]["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert re.fullmatch(r"v1\.\d+", labels[f"pod-security.kubernetes.io/{mode}-version"])


def test_everything_says_that_it_is_part_of_the_app_and_nothing_says_who_applied_it(manifests: Manifests) -> None:
    metadata = [item["metadata"] for item in manifests.objects]
    metadata += [workload["spec"]["template"]["metadata"] for workload in manifests.workloads()]
    for item in metadata:
        assert item["labels"]["app.kubernetes.io/part-of"] == "todo-app"
        assert item["labels"]["app.kubernetes.io/name"]
        assert "app.kubernetes.io/managed-by" not in item["labels"]


def test_no_secret_is_rendered(manifests: Manifests) -> None:
    assert manifests.of("Secret") == []
    for where, container in manifests.containers():
        literals = {entry["name"] for entry in container.get("env", ()) if "value" in entry}
        assert literals <= LITERALS, where
        assert "envFrom" not in container, where


def test_containers_get_the_environment_of_the_contract(manifests: Manifests) -> None:
    for where, container in manifests.containers():
        config, secrets, optional = {}, {}, set()
        for entry in container["env"]:
            source = entry.get("valueFrom", {})
            if reference := source.get("configMapKeyRef"):
                assert reference["name"] == "todo-config", where
                config[entry["name"]] = reference["key"]
                if reference.get("optional"):
                    optional.add(entry["name"])
            if reference := source.get("secretKeyRef"):
                secrets[entry["name"]] = f"{reference['name']}/{reference['key']}"
                if reference.get("optional"):
                    optional.add(entry["name"])
        assert config == CONFIG[container["name"]], where
        assert secrets == SECRETS[container["name"]], where
        assert optional == (secrets.keys() | config.keys()) & OPTIONAL, where


def test_every_key_of_the_configuration_is_read_and_every_key_read_is_there(manifests: Manifests) -> None:
    read = {key for container in CONFIG.values() for name, key in container.items() if name not in OPTIONAL}
    assert manifests.one("ConfigMap", "todo-config")["data"].keys() == read


@pytest.mark.parametrize(
    ("environment", "protocol", "allowed"),
    [
        ("development", "http", "todo-app.local,todo-app.local:*,localhost:*,127.0.0.1:*"),
        ("staging", "https", "staging.todo-app.com"),
        ("production", "https", "todo-app.com"),
    ],
)
def test_sign_in_is_allowed_on_the_hosts_that_the_app_is_reached_by(
    every_environment: dict[str, Manifests], environment: str, protocol: str, allowed: str
) -> None:
    data = every_environment[environment].one("ConfigMap", "todo-config")["data"]
    assert (data["auth-protocol"], data["auth-allowed-hosts"]) == (protocol, allowed)


def test_pods_fit_the_restricted_profile_and_have_a_read_only_root(manifests: Manifests) -> None:
    for workload in manifests.workloads():
        name, pod = workload["metadata"]["name"], workload["spec"]["template"]["spec"]
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert (context["runAsUser"], context["runAsGroup"]) == (UIDS[name], UIDS[name])
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        for volume in pod["volumes"]:
            assert volume.keys() & {"emptyDir", "configMap"} or volume["name"] in ("database-ca", "cluster-page")
    for where, container in manifests.containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, where


def test_scratch_space_has_a_limit_below_the_pods(manifests: Manifests) -> None:
    for workload in manifests.workloads():
        pod = workload["spec"]["template"]["spec"]
        limit = sum(mebibytes(c["resources"]["limits"]["ephemeral-storage"]) for c in pod["containers"])
        scratch = [volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if "emptyDir" in volume]
        assert "tmp" in [volume["name"] for volume in pod["volumes"]]
        assert sum(mebibytes(size) for size in scratch) < limit


def test_next_can_write_its_cache(manifests: Manifests) -> None:
    (container,) = manifests.pod("todo-frontend")["spec"]["containers"]
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/tmp", "/app/.next/cache"}  # noqa: S108


def test_the_databases_ca_is_read_where_the_manifest_says_and_may_be_absent(manifests: Manifests) -> None:
    for name in ("todo-backend", "todo-frontend"):
        pod = manifests.pod(name)["spec"]
        (volume,) = [one for one in pod["volumes"] if one["name"] == "database-ca"]
        (item,) = volume["secret"]["items"]
        assert (volume["secret"]["secretName"], item["key"]) == ("todo-secrets", "database-ca")
        assert volume["secret"]["optional"] is True
        for container in [*pod["initContainers"], *pod["containers"]]:
            (mount,) = [one for one in container["volumeMounts"] if one["name"] == "database-ca"]
            (file,) = [one["value"] for one in container["env"] if one["name"] == "DATABASE_CA_FILE"]
            assert file == f"{mount['mountPath']}/{item['path']}"
            assert mount["readOnly"] is True


def test_only_the_backend_of_development_has_a_token_of_an_hour_and_may_list_its_namespace(
    manifests: Manifests,
) -> None:
    tokens = [
        (workload["metadata"]["name"], source["serviceAccountToken"])
        for workload in manifests.workloads()
        for volume in workload["spec"]["template"]["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if "serviceAccountToken" in source
    ]
    if manifests.environment != "development":
        assert tokens == manifests.of("Role") == manifests.of("RoleBinding") == []
        return
    assert tokens == [("todo-backend", {"path": "token", "expirationSeconds": 3600})]
    rules = manifests.one("Role", "todo-backend")["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list"}
    assert {kind for rule in rules for kind in rule["resources"]} == {
        "pods", "deployments", "horizontalpodautoscalers"
    }  # fmt: skip
    (subject,) = manifests.one("RoleBinding", "todo-backend")["subjects"]
    assert (subject["kind"], subject["name"], subject["namespace"]) == ("ServiceAccount", "todo-backend", "todo-app")
    assert not [item for item in manifests.objects if item["kind"].startswith("ClusterRole")]


def test_the_metrics_port_is_in_no_service(manifests: Manifests) -> None:
    for service in manifests.of("Service"):
        assert not [port for port in service["spec"]["ports"] if port["targetPort"] in (9000, "metrics")]


def test_no_pod_gets_a_token_unasked(manifests: Manifests) -> None:
    for account in manifests.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for workload in manifests.workloads():
        name, pod = workload["metadata"]["name"], workload["spec"]["template"]["spec"]
        assert pod["serviceAccountName"] == manifests.one("ServiceAccount", name)["metadata"]["name"]
        assert pod["automountServiceAccountToken"] is False


def test_containers_ask_for_and_are_held_to_cpu_memory_and_disk(manifests: Manifests) -> None:
    for where, container in manifests.containers():
        for part in ("requests", "limits"):
            assert container["resources"][part].keys() == {"cpu", "memory", "ephemeral-storage"}, where


def test_the_app_is_probed_in_all_three_ways_on_the_paths_of_the_contract(manifests: Manifests) -> None:
    paths = {"todo-backend": ("/health", "/ready", "/health"), "todo-frontend": ("/healthz",) * 3}
    for name, wanted in paths.items():
        (container,) = manifests.pod(name)["spec"]["containers"]
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
        assert tuple(probe["path"] for probe in probes) == wanted
        assert {probe["port"] for probe in probes} == {"http"}


def test_postgres_counts_as_up_only_where_it_listens_for_the_app(development: Manifests) -> None:
    (container,) = development.pod("todo-postgres")["spec"]["containers"]
    for kind in ("startup", "readiness", "liveness"):
        command = container[f"{kind}Probe"]["exec"]["command"]
        assert command[0] == "pg_isready"
        assert "--host=127.0.0.1" in command


def test_a_rollout_adds_one_pod_and_takes_none_away_before(manifests: Manifests) -> None:
    for deployment in manifests.of("Deployment"):
        assert deployment["spec"]["strategy"] == {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        }


def test_the_grace_period_outlasts_the_pause_and_the_longest_answer(manifests: Manifests) -> None:
    for name, longest in LONGEST_ANSWER_SECONDS.items():
        pod = manifests.pod(name)["spec"]
        (container,) = pod["containers"]
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pause > 0
        assert pod["terminationGracePeriodSeconds"] > pause + longest


def test_only_the_autoscaler_says_how_many_backends_run(manifests: Manifests) -> None:
    autoscaler = manifests.one("HorizontalPodAutoscaler", "todo-backend")["spec"]
    target = autoscaler["scaleTargetRef"]
    assert "replicas" not in manifests.one(target["kind"], target["name"])["spec"]
    assert autoscaler["metrics"][0]["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 70},
    }


@pytest.mark.parametrize(
    ("environment", "backends", "frontends"),
    [("development", (2, 10), 2), ("staging", (3, 10), 3), ("production", (5, 10), 5)],
)
def test_replicas_are_those_of_the_environment(
    every_environment: dict[str, Manifests], environment: str, backends: tuple[int, int], frontends: int
) -> None:
    manifests = every_environment[environment]
    autoscaler = manifests.one("HorizontalPodAutoscaler", "todo-backend")["spec"]
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == backends
    assert manifests.one("Deployment", "todo-frontend")["spec"]["replicas"] == frontends


def test_disruptions_take_one_pod_at_a_time_and_broken_pods_hold_up_no_drain(manifests: Manifests) -> None:
    for budget in manifests.of("PodDisruptionBudget"):
        spec = dict(budget["spec"])
        selects(manifests, spec.pop("selector")["matchLabels"])
        assert spec == {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}


def test_services_lead_to_a_port_of_a_pod(manifests: Manifests) -> None:
    ports = {"todo-backend": 8000, "todo-frontend": 3000, "todo-postgres": 5432}
    for service in manifests.of("Service"):
        name = service["metadata"]["name"]
        (port,) = service["spec"]["ports"]
        assert port["port"] == ports[name]
        (pod,) = selects(manifests, service["spec"]["selector"])
        named = {p["name"]: p["containerPort"] for c in pod["spec"]["containers"] for p in c["ports"]}
        assert named[port["targetPort"]] == ports[name]


def test_the_ingress_splits_the_api_from_the_pages(manifests: Manifests) -> None:
    spec = manifests.one("Ingress", "todo-app")["spec"]
    (rule,) = spec["rules"]
    assert spec["ingressClassName"] == "nginx"
    assert rule["host"] == HOSTS[manifests.environment]
    routes = {path["path"]: path["backend"]["service"] for path in rule["http"]["paths"]}
    assert {path: service["name"] for path, service in routes.items()} == {"/api": "todo-backend", "/": "todo-frontend"}
    assert {path["pathType"] for path in rule["http"]["paths"]} == {"Prefix"}
    for service in routes.values():
        offered = [port["name"] for port in manifests.one("Service", service["name"])["spec"]["ports"]]
        assert service["port"]["name"] in offered


@pytest.mark.parametrize(
    ("environment", "annotations"),
    [
        ("development", None),
        ("staging", {"cert-manager.io/cluster-issuer": "letsencrypt-staging"}),
        ("production", {"cert-manager.io/cluster-issuer": "letsencrypt-production"}),
    ],
)
def test_tls_comes_from_the_environments_issuer_and_no_controller_is_told_anything(
    every_environment: dict[str, Manifests], environment: str, annotations: dict[str, str] | None
) -> None:
    ingress = every_environment[environment].one("Ingress", "todo-app")
    assert ingress["metadata"].get("annotations") == annotations
    tls = [{"hosts": [HOSTS[environment]], "secretName": "todo-app-tls"}] if annotations else None
    assert ingress["spec"].get("tls") == tls


def test_images_are_those_of_this_version_and_sideloaded_ones_are_never_pulled(manifests: Manifests) -> None:
    names = {"todo-backend": f"todo-backend:{__version__}", "todo-frontend": f"todo-frontend:{__version__}"}
    names["todo-postgres"] = "postgres:17"
    for where, container in manifests.containers():
        assert container["image"] == names[where.partition("/")[0]]
        assert container["imagePullPolicy"] == PULL_POLICIES[manifests.environment]


def test_production_spreads_its_pods_by_wish_not_by_condition(every_environment: dict[str, Manifests]) -> None:
    zone, host = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
    keys: dict[str, list[str]] = {"development": [], "staging": [host], "production": [zone, host]}
    for environment, manifests in every_environment.items():
        for name in ("todo-backend", "todo-frontend"):
            pod = manifests.pod(name)["spec"]
            constraints = pod.get("topologySpreadConstraints", [])
            assert [constraint["topologyKey"] for constraint in constraints] == keys[environment]
            for constraint in constraints:
                assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
                assert constraint["labelSelector"]["matchLabels"] == {"app.kubernetes.io/name": name}
            terms = pod.get("affinity", {}).get("podAntiAffinity", {})
            wished = terms.pop("preferredDuringSchedulingIgnoredDuringExecution", [])
            assert len(wished) == (environment == "production")
            assert terms == {}


def test_the_volume_outlives_the_statefulset(development: Manifests) -> None:
    spec = development.one("StatefulSet", "todo-postgres")["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = spec["volumeClaimTemplates"]
    (container,) = spec["template"]["spec"]["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"] if "subPath" not in mount}
    data = {entry["name"]: entry.get("value") for entry in container["env"]}["PGDATA"]
    assert data.startswith(mounts[claim["metadata"]["name"]] + "/")


def test_postgres_wants_a_password_from_everyone_but_its_own_admin_over_the_socket(development: Manifests) -> None:
    text = development.one("ConfigMap", "todo-postgres")["data"]["pg_hba.conf"]
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert rules == [["local", "all", "postgres", "peer"], ["host", "all", "all", "all", "scram-sha-256"]]
    (container,) = development.pod("todo-postgres")["spec"]["containers"]
    mounted = [mount["mountPath"] for mount in container["volumeMounts"] if mount.get("subPath") == "pg_hba.conf"]
    assert [f"hba_file={path}" for path in mounted] == [a for a in container["args"] if a.startswith("hba_file=")]


def selects(manifests: Manifests, labels: dict[str, str]) -> list[dict[str, Any]]:
    """The pod templates that a selector matches; a selector that matches none is a mistake."""
    templates = [workload["spec"]["template"] for workload in manifests.workloads()]
    found = [template for template in templates if labels.items() <= template["metadata"]["labels"].items()]
    assert found, labels
    return found


def mebibytes(quantity: str) -> int:
    assert quantity.endswith("Mi")
    return int(quantity.removesuffix("Mi"))
