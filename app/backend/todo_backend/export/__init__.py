"""All that a user has here, as one JSON document."""
