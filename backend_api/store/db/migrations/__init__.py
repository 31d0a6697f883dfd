"""How an older database becomes a current one; Alembic runs these when the backend starts."""
