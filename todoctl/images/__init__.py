"""From source to the node: fingerprint, build, sideload."""
