"""The Todo app's API: each user's tasks, on Postgres."""
