"""How Alembic runs this folder's migrations: in one transaction, on the connection that holds the advisory lock."""

from alembic import context

with context.config.attributes["connection"].begin() as transaction:
    context.configure(connection=transaction.connection)
    context.run_migrations()
