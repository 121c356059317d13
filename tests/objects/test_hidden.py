from typing import Any

import pytest

from todoctl.objects.hidden import LAST_APPLIED, hidden


@pytest.mark.parametrize(
    ("kind", "path", "value", "shown"),
    [
        ("Secret", "data.app-password", "aHVudGVyMg==", "***"),
        ("Secret", "data", {"app-password": "aHVudGVyMg=="}, {"app-password": "***"}),
        ("Secret", "data.app-password", None, None),
        ("Secret", "metadata.labels.a", "b", "b"),
        ("ConfigMap", "data.log-level", "INFO", "INFO"),
        ("ConfigMap", "data.url", "postgresql://todo:hunter2@db/todo", "postgresql://todo:***@db/todo"),
        ("ConfigMap", f"metadata.annotations.{LAST_APPLIED}", '{"data":{"a":"b"}}', "***"),
        ("ConfigMap", "metadata.annotations", {LAST_APPLIED: "{}", "a": "b"}, {LAST_APPLIED: "***", "a": "b"}),
        ("Deployment", "spec.template.spec.containers[app].env[OPENAI_API_KEY].value", "hunter2", "***"),
        ("Deployment", "spec.template.spec.containers[app].env[LOG_LEVEL].value", "INFO", "INFO"),
        (
            "Deployment",
            "spec.template.spec.containers[app].env",
            [{"name": "AUTH_SECRET", "value": "hunter2"}, {"name": "LOG_LEVEL", "value": "INFO"}],
            [{"name": "AUTH_SECRET", "value": "***"}, {"name": "LOG_LEVEL", "value": "INFO"}],
        ),
        ("Deployment", "spec.replicas", 2, 2),
    ],
)
def test_the_secrets_in_an_object_s_fields_are_masked(kind: str, path: str, value: Any, shown: Any) -> None:
    assert hidden(kind, path, value) == shown
