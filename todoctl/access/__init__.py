"""How the user reaches the app: advice, hosts entry, probe, port-forward."""
