"""Thin wrappers: the only rooms that know an SDK, a process or an operating system."""
