"""What was applied is read back from an object; tests/cluster holds it to a real server's managedFields."""

import pytest
import yaml

from todoctl.errors import ConflictError
from todoctl.objects.applied import applied

LIVE = yaml.safe_load("""
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: mine
  uid: "7"
  resourceVersion: "12"
  annotations: {deployment.kubernetes.io/revision: "3"}
  labels: {app: web, theirs: label}
  managedFields:
    - manager: todoctl
      operation: Update
      fieldsV1: {f:spec: {f:replicas: {}}}
    - manager: todoctl
      operation: Apply
      fieldsV1:
        f:metadata: {f:labels: {f:app: {}}}
        f:spec:
          f:selector: {}
          f:template:
            f:spec:
              f:containers:
                'k:{"name":"web"}':
                  .: {}
                  f:name: {}
                  f:args: {}
                  f:env:
                    'k:{"name":"B"}': {.: {}, f:name: {}, f:value: {}}
                  f:ports:
                    'k:{"containerPort":80,"protocol":"TCP"}': {.: {}, f:containerPort: {}}
              f:volumes:
                'k:{"name":"tmp"}': {.: {}, f:name: {}, f:emptyDir: {}}
        f:finalizers:
          'v:"a"': {}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template:
    spec:
      restartPolicy: Always
      containers:
        - {name: sidecar, image: theirs}
        - name: web
          image: theirs
          args: [one, two]
          env: [{name: A, value: theirs}, {name: B, value: ours}]
          ports: [{containerPort: 80, protocol: UDP}, {containerPort: 80, protocol: TCP}]
      volumes: [{name: tmp, emptyDir: {}}]
finalizers: [a, b]
status: {replicas: 5}
""")


def test_what_was_applied_comes_back_and_nothing_else():
    assert applied(LIVE) == yaml.safe_load("""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: mine, labels: {app: web}}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        spec:
          containers:
            - name: web
              args: [one, two]
              env: [{name: B, value: ours}]
              ports: [{containerPort: 80}]
          volumes: [{name: tmp, emptyDir: {}}]
    finalizers: [a]
    """)


def test_what_comes_back_can_be_changed_and_leaves_the_object_as_it_is():
    applied(LIVE)["spec"]["selector"]["matchLabels"]["app"] = "other"
    assert LIVE["spec"]["selector"]["matchLabels"]["app"] == "web"


def test_what_was_not_applied_by_todoctl_is_not_todoctls_to_change():
    foreign = {**LIVE, "metadata": {"name": "web", "managedFields": [{"manager": "helm", "operation": "Apply"}]}}
    with pytest.raises(ConflictError) as caught:
        applied(foreign)
    assert caught.value.what == "Deployment/web is not todoctl's to change"
