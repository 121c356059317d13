"""Kubernetes objects: load, compare, apply, wait, diagnose."""
