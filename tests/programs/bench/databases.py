"""Fresh databases on the server or in the folder that BENCH_DATABASES names."""

import os


def fresh_database(name: str) -> str:
    """Create an empty database with this name; return its URL."""
    base = os.environ["BENCH_DATABASES"]
    if base.startswith("sqlite"):
        return f"{base}/{name}.sqlite3"
    import psycopg

    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS bench_{name}")
        connection.execute(f"CREATE DATABASE bench_{name}")
    head, _slash, tail = base.rpartition("/postgres")
    return f"{head}/bench_{name}{tail}"
