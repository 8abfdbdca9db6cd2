"""Fresh databases on the server, or in the folder, of BENCH_DATABASES."""

import os


def fresh_database(name: str) -> str:
    """Return the address of an empty database of that name."""
    where = os.environ["BENCH_DATABASES"]
    if where.startswith("sqlite"):
        return f"{where}/{name}.sqlite3"
    import psycopg

    with psycopg.connect(where, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS bench_{name}")
        link.execute(f"CREATE DATABASE bench_{name}")
    head, _slash, tail = where.rpartition("/postgres")
    return f"{head}/bench_{name}{tail}"
