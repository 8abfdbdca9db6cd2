"""Everything the sandbox stores: JSON documents in one SQLite file.

One re-entrant lock and one transaction per request serialize all changes, so of two conflicting
requests (pay and expire) exactly one wins. The file survives a kill of the process.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

Document: TypeAlias = dict[str, Any]
Operator: TypeAlias = Literal["=", ">", ">=", "<", "<=", "GLOB", "IS"]
Condition: TypeAlias = tuple[str, Operator, Any]  # ("customer_details.email", "=", "a@b.example")

# Indexed paths. Each index ends with the order of creation, so that nothing needs sorting;
# `created` grows along with it.
_INDEXED = (
    ("status",),
    ("status", "expires_at"),
    ("status", "due"),
    ("status", "endpoint"),
    ("created",),
    ("payment_intent",),
    ("charge",),
    ("customer",),
    ("customer_details.email",),
    ("type",),
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS documents_in_order ON documents (kind, seq);
DROP INDEX IF EXISTS sessions_to_expire;
DROP INDEX IF EXISTS deliveries_to_make;
"""


class StoreInUse(Exception):
    """Another sandbox process uses this store; two would not share the lock."""


class Store:
    """Documents by kind and ID, in order of creation."""

    def __init__(self, path: Path) -> None:
        """Open or create the store at ``path``, for this process only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._guard = _lock_file(path)
        self.lock = threading.RLock()
        self.changed = threading.Event()  # set by every commit, for the webhook worker
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        for paths in _INDEXED:
            name = "_".join(paths).replace(".", "_")
            fields = ", ".join(map(_field, paths))
            self._connection.execute(
                f"CREATE INDEX IF NOT EXISTS documents_by_{name} ON documents (kind, {fields})"
            )

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self._connection.close()
        self._guard.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; commit at the outermost end, and roll back an inner part that raised."""
        with self.lock:
            outermost, point = self._depth == 0, f"point_{self._depth}"
            self._connection.execute("BEGIN IMMEDIATE" if outermost else f"SAVEPOINT {point}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._undo(point, outermost=outermost)
                raise
            else:
                self._connection.execute("COMMIT" if outermost else f"RELEASE {point}")
            finally:
                self._depth -= 1
        if outermost:
            self.changed.set()

    def _undo(self, point: str, *, outermost: bool) -> None:
        if outermost:
            self._connection.execute("ROLLBACK")
            return
        self._connection.execute(f"ROLLBACK TO {point}")
        self._connection.execute(f"RELEASE {point}")

    def put(self, kind: str, document: Document) -> None:
        """Write a document under its own ID; a rewritten one keeps its place in the order."""
        with self.lock:
            self._connection.execute(
                "INSERT INTO documents (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, document["id"], json.dumps(document, separators=(",", ":"))),
            )

    def get(self, kind: str, id: str) -> Document | None:
        """Return one document, or None."""
        rows = self._rows("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, id))
        return dict(json.loads(rows[0][0])) if rows else None

    def position(self, kind: str, id: str) -> int | None:
        """Return a document's place in the order of creation."""
        rows = self._rows("SELECT seq FROM documents WHERE kind = ? AND id = ?", (kind, id))
        return int(rows[0][0]) if rows else None

    def find(
        self,
        kind: str,
        *conditions: Condition,
        before: int | None = None,
        after: int | None = None,
        newest_first: bool = False,
        limit: int = -1,
        order_by: str = "",
    ) -> list[Document]:
        """Return the documents of a kind that meet all conditions, in order of creation.

        ``order_by`` is a path to order them by instead.
        """
        statement, values = select(
            kind, conditions, before, after, newest_first=newest_first, order_by=order_by
        )
        return [json.loads(body) for (body,) in self._rows(statement, (*values, limit))]

    def count(self, kind: str, *conditions: Condition) -> int:
        """Count the documents of a kind that meet all conditions, without reading them."""
        where, values = _where(kind, conditions)
        return int(self._rows(f"SELECT COUNT(*) FROM documents WHERE {where}", (*values,))[0][0])

    def count_kinds(self, *kinds: str) -> int:
        """Count the documents of some kinds."""
        placeholders = ", ".join("?" * len(kinds))
        rows = self._rows(f"SELECT COUNT(*) FROM documents WHERE kind IN ({placeholders})", kinds)
        return int(rows[0][0])

    def delete(self, kind: str, id: str | None = None) -> None:
        """Delete one document, or all of a kind."""
        with self.lock:
            self._connection.execute(
                "DELETE FROM documents WHERE kind = ? AND (? IS NULL OR id = ?)", (kind, id, id)
            )

    def keep_newest(self, kind: str, number: int) -> None:
        """Delete the oldest documents of a kind, so that a long demo does not grow forever."""
        with self.lock:
            self._connection.execute(
                "DELETE FROM documents WHERE kind = ? AND seq <= (SELECT seq FROM documents"
                " WHERE kind = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (kind, kind, number),
            )

    def clear(self, *, keep: tuple[str, ...] = ()) -> None:
        """Delete everything except some kinds."""
        placeholders = ", ".join("?" * len(keep))
        with self.lock:
            self._connection.execute(
                f"DELETE FROM documents WHERE kind NOT IN ({placeholders})", keep
            )

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._connection.execute(statement, values).fetchall()


def _field(path: str) -> str:
    return f"json_extract(body, '$.{path}')"


def _where(kind: str, conditions: Iterable[Condition]) -> tuple[str, list[Any]]:
    clauses = ["kind = ?"]
    values: list[Any] = [kind]
    for path, operator, value in conditions:
        if operator == "GLOB":  # any of several patterns
            clauses.append("(" + " OR ".join(f"{_field(path)} GLOB ?" for _ in value) + ")")
            values += value
        else:
            clauses.append(f"{_field(path)} {operator} ?")
            values.append(value)
    return " AND ".join(clauses), values


def select(
    kind: str,
    conditions: Sequence[Condition],
    before: int | None,
    after: int | None,
    *,
    newest_first: bool,
    order_by: str,
) -> tuple[str, list[Any]]:
    """Return a statement and its values, except the limit, which comes last."""
    where, values = _where(kind, conditions)
    if any(path == "created" for path, _, _ in conditions):
        order_by = "created"  # same as the order of creation, and indexed
    for operator, bound in (("<", before), (">", after)):
        if bound is not None:
            where += f" AND seq {operator} ?"
            values.append(bound)
            if order_by:  # start at the same place in that index
                start = f"(SELECT {_field(order_by)} FROM documents WHERE seq = ?)"
                where += f" AND {_field(order_by)} {operator}= {start}"
                values.append(bound)
    direction = "DESC" if newest_first else "ASC"
    order = [*([_field(order_by)] if order_by else []), "seq"]
    ordered = ", ".join(f"{name} {direction}" for name in order)
    return f"SELECT body FROM documents WHERE {where} ORDER BY {ordered} LIMIT ?", values


def _lock_file(path: Path) -> Any:
    """Take the file lock, which always ends with this process."""
    guard = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreInUse(f"Another sandbox is using {path}.") from error
    return guard
