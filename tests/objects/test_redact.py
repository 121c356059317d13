"""Objects for a report: their secrets go, and what explains a fault stays."""

import base64

from todoctl.objects.redact import redacted, secrets_of


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SECRET = {
    "kind": "Secret",
    "metadata": {
        "name": "todo-secrets",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"},
        "managedFields": [{"manager": "todoctl"}],
    },
    "data": {
        "database-url": encoded("postgresql://todo:s3cr%21et@db/todo"),
        "app-password": encoded("pw12"),
        "user": "dG9kbw==",
    },
}


def test_of_a_secret_the_names_of_its_keys_stay() -> None:
    shown = redacted(SECRET)
    assert shown["data"] == {"database-url": "***", "app-password": "***", "user": "***"}
    assert shown["metadata"] == {
        "name": "todo-secrets",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "***"},
    }


def test_a_pods_literal_secrets_go_and_its_references_stay() -> None:
    env = [
        {"name": "API_TOKEN", "value": "hunter2"},
        {"name": "LOG_LEVEL", "value": "debug"},
        {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "todo-secrets", "key": "database-url"}}},
    ]
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "app", "env": env}]}}
    shown = redacted(pod)["spec"]["containers"][0]["env"]
    assert shown == [{"name": "API_TOKEN", "value": "***"}, *env[1:]]


def test_annotations_and_settings_with_a_telling_name_go() -> None:
    metadata = {"name": "a", "annotations": {"example.com/password": "hunter2", "example.com/note": "fine"}}
    shown = redacted({"kind": "ConfigMap", "metadata": metadata, "data": {"api-key": "hunter2", "log-level": "info"}})
    assert shown["metadata"]["annotations"] == {"example.com/password": "***", "example.com/note": "fine"}
    assert shown["data"] == {"api-key": "***", "log-level": "info"}


def test_what_is_long_or_binary_is_told_by_its_length() -> None:
    shown = redacted({"kind": "ConfigMap", "metadata": {}, "data": {"a": "x" * 9000}, "binaryData": {"b": "AAAA"}})
    assert (shown["data"], shown["binaryData"]) == ({"a": "(9000 characters)"}, {"b": "(4 characters)"})


def test_the_values_that_must_not_show_elsewhere_are_known() -> None:
    env = [
        {"name": "PROXY", "value": "http://u:pr0xy@p:3128"},
        {"name": "A_SECRET", "value": "tiny"},
        {"name": "A", "value": "b"},
    ]
    pod = {"kind": "Pod", "metadata": {}, "spec": {"initContainers": [{"env": env}]}}
    assert secrets_of([SECRET, pod]) == {
        "postgresql://todo:s3cr%21et@db/todo",
        "s3cr%21et",
        "s3cr!et",
        "pw12",
        "http://u:pr0xy@p:3128",
        "pr0xy",
        "tiny",
    }
