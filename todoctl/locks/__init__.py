"""One run at a time on one installation or cluster: a file that the OS locks, and a Lease in the cluster."""
