"""Run by Alembic inside `dispatch.store.migrate`, which hands it an open connection."""

from alembic import context

from dispatch.store.migrate import describe

context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=True,
    **describe(),
)
with context.begin_transaction():
    context.run_migrations()
