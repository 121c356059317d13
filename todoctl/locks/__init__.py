"""One run at a time on one installation: a file that the OS locks, and a Lease in the cluster."""
