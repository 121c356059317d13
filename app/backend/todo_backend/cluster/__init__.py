"""The Cluster page: what runs in this namespace, and load on request. Only where its settings are there."""
