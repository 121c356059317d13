"""The Postgres that comes with the app: its URL, its roles, and backups of what it holds."""
