"""Tasks: endpoints → service → repository, each knowing only the next."""
