"""Where Alembic gets its connection: from database.py, inside the transaction that it has begun."""

from alembic import context

from backend_api.store.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
