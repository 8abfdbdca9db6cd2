"""Everything the sandbox remembers: JSON documents in one SQLite file.

One re-entrant lock and one transaction per request serialise all changes, so of two requests that
exclude each other (pay and expire) exactly one wins. The file survives a kill of the process.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

Document: TypeAlias = dict[str, Any]
Operator: TypeAlias = Literal["=", ">", ">=", "<", "<="]
Condition: TypeAlias = tuple[str, Operator, Any]  # ("customer_details.email", "=", "a@b.example")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS documents_in_order ON documents (kind, seq);
CREATE INDEX IF NOT EXISTS sessions_to_expire ON documents
    (kind, json_extract(body, '$.status'), json_extract(body, '$.expires_at'));
CREATE INDEX IF NOT EXISTS deliveries_to_make ON documents
    (kind, json_extract(body, '$.status'), json_extract(body, '$.due'));
"""


class StoreInUse(Exception):
    """Another sandbox process holds this store; two would not see each other's lock."""


class Store:
    """Documents by kind and id, in the order of their creation."""

    def __init__(self, path: Path) -> None:
        """Open or create the store at path, for this process alone."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._guard = _own(path)
        self.lock = threading.RLock()
        self.changed = threading.Event()  # set by every commit; the webhook worker waits for it
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file: another process may open it."""
        self._connection.close()
        self._guard.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock; commit at the outermost end, undo the inner part that raised."""
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
        """Write a document under its own id; a rewritten one keeps its place in the order."""
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
    ) -> list[Document]:
        """Return the documents of a kind that fulfil every condition."""
        clauses = ["kind = ?"]
        values: list[Any] = [kind]
        for path, operator, value in conditions:
            clauses.append(f"json_extract(body, '$.{path}') {operator} ?")
            values.append(value)
        for operator, bound in (("<", before), (">", after)):
            if bound is not None:
                clauses.append(f"seq {operator} ?")
                values.append(bound)
        order = "DESC" if newest_first else "ASC"
        rows = self._rows(
            f"SELECT body FROM documents WHERE {' AND '.join(clauses)}"
            f" ORDER BY seq {order} LIMIT ?",
            (*values, limit),
        )
        return [json.loads(body) for (body,) in rows]

    def count(self, *kinds: str) -> int:
        """Count the documents of some kinds."""
        marks = ", ".join("?" * len(kinds))
        rows = self._rows(f"SELECT COUNT(*) FROM documents WHERE kind IN ({marks})", kinds)
        return int(rows[0][0])

    def delete(self, kind: str, id: str | None = None) -> None:
        """Remove one document, or all of a kind."""
        with self.lock:
            self._connection.execute(
                "DELETE FROM documents WHERE kind = ? AND (? IS NULL OR id = ?)", (kind, id, id)
            )

    def keep_newest(self, kind: str, number: int) -> None:
        """Drop the oldest documents of a kind, so that a long demo does not grow for ever."""
        with self.lock:
            self._connection.execute(
                "DELETE FROM documents WHERE kind = ? AND seq <= (SELECT seq FROM documents"
                " WHERE kind = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (kind, kind, number),
            )

    def clear(self, *, keep: tuple[str, ...] = ()) -> None:
        """Forget everything but some kinds."""
        marks = ", ".join("?" * len(keep))
        with self.lock:
            self._connection.execute(f"DELETE FROM documents WHERE kind NOT IN ({marks})", keep)

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._connection.execute(statement, values).fetchall()


def _own(path: Path) -> Any:
    """Take the file lock that ends with this process, however it ends."""
    guard = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreInUse(f"Another sandbox is using {path}.") from error
    return guard
