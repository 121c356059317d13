"""Todoctl: a Todo app on a real Kubernetes, from one file."""

__version__ = "0.1.0"
