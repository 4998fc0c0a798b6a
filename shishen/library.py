"""The recipe library: one SQLite file, the record of truth.

Identity is the source, never the name. Every batch is one transaction, which also raises the generation; the
search index says which generation it was built from and catches up from there.
"""

import hashlib
import random
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import cast

import msgspec
from msgspec import Struct

from shishen.chinese import normalise
from shishen.database import Database, explain
from shishen.errors import NotFound, ShishenError
from shishen.protocols import Entry
from shishen.records import Question, Recipe
from shishen.system_reason import reason_of

SCHEMA_VERSION = 1
# A dish of thousands of recipes would bring thousands of questions; the commonest are enough to find it.
QUESTIONS_A_GROUP = 24
GENERATION_STEP = 2**20

_SCHEMA = """
CREATE TABLE batches (generation INTEGER PRIMARY KEY);
CREATE TABLE recipes (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    line INTEGER,
    title_group TEXT NOT NULL,
    completeness INTEGER NOT NULL,
    category TEXT,
    generation INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX recipes_by_path ON recipes (path, line);
CREATE INDEX recipes_by_group ON recipes (title_group, completeness DESC);
CREATE INDEX recipes_by_generation ON recipes (generation);
CREATE INDEX recipes_by_category ON recipes (category);
CREATE TABLE questions (
    recipe INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (recipe, kind, text)
) WITHOUT ROWID;
CREATE TABLE ingredients (name TEXT NOT NULL, recipe INTEGER NOT NULL, PRIMARY KEY (name, recipe)) WITHOUT ROWID;
CREATE INDEX ingredients_by_recipe ON ingredients (recipe);
CREATE TABLE removed (title_group TEXT PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID;
"""

_UPSERT = """
INSERT INTO recipes (id, path, line, title_group, completeness, category, generation, digest, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET path = excluded.path, line = excluded.line, title_group = excluded.title_group,
    completeness = excluded.completeness, category = excluded.category, generation = excluded.generation,
    digest = excluded.digest, body = excluded.body
RETURNING key
"""


class Shelved(Struct, frozen=True):
    """A recipe with what the domain knows of it: its questions, its ingredients' canonical names, how complete."""

    recipe: Recipe
    questions: tuple[Question, ...]
    ingredients: tuple[str, ...]
    completeness: int


class Changes(Struct, frozen=True):
    """What a write did, in recipes."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Changes(*(one + two for one, two in pairs))


class Stats(Struct, frozen=True):
    """The library in numbers; `size_bytes` is the size on disk of the database with its journal."""

    recipes: int
    dishes: int
    questions: int
    ingredients: int
    files: int
    categories: dict[str, int]
    size_bytes: int


def group_of(recipe: Recipe) -> str:
    """The key that recipes of one dish share: the plain title in one script, width and case."""
    return group_of_name(recipe.name)


def group_of_name(name: str) -> str:
    """The group of the dish with this plain name."""
    return normalise(name).replace(" ", "") or name


class Library:
    """The library in the file `path`, made where it is missing. Safe to share between threads.

    Raises ShishenError where the file is no library, of a newer version, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._prepare()
        except OSError as error:
            raise ShishenError(f"{path.parent} 放不了菜谱库（{reason_of(error)}）；请换一个 SHISHEN_HOME。") from error
        except (sqlite3.Error, ShishenError) as error:
            self.close()
            raise error if isinstance(error, ShishenError) else ShishenError(explain(path, error)) from error

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._database.connection

    def _prepare(self) -> None:
        connection = self._connection
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            self.generation()
            return
        if version > SCHEMA_VERSION:
            raise ShishenError(f"{self.path} 由更新版本的食神写成（{version}）；请升级食神。")
        with self._database.transaction() as write:
            # Another process may have made the tables while this one waited for the lock.
            if write.execute("PRAGMA user_version").fetchone()[0] == 0:
                if write.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise sqlite3.DatabaseError("它是别的程序的数据库")
                for statement in _SCHEMA.split(";\n"):
                    write.execute(statement)
                write.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Close every connection; the library is of no use afterwards."""
        self._database.close()

    # --- writing -----------------------------------------------------------------------------------------

    def put(self, batch: Sequence[Shelved]) -> Changes:
        """Store a batch, all or nothing. A recipe whose place is known replaces the one there."""
        with self._database.transaction() as write:
            generation = self._next_generation()
            known = {
                row[0]: (row[1], row[2], row[3])
                for ids in _chunks([s.recipe.id for s in batch], 500)
                for row in write.execute(
                    f"SELECT id, digest, key, title_group FROM recipes WHERE id IN ({', '.join('?' * len(ids))})", ids
                )
            }
            added = changed = 0
            for shelved in batch:
                recipe = shelved.recipe
                body = msgspec.json.encode(recipe)
                known_of_it = msgspec.json.encode((shelved.questions, shelved.ingredients, shelved.completeness))
                digest = hashlib.blake2b(body + known_of_it, digest_size=16).digest()
                before = known.get(recipe.id)
                if before and before[0] == digest:
                    continue
                if before:
                    changed += 1
                    self._forget(write, before[1], before[2], generation)
                else:
                    added += 1
                row = (
                    recipe.id, recipe.source.path, recipe.source.line, group_of(recipe), shelved.completeness,
                    recipe.category, generation, digest, body.decode(),
                )  # fmt: skip
                (key,) = write.execute(_UPSERT, row).fetchone()
                known[recipe.id] = (digest, key, row[3])
                write.executemany(
                    "INSERT OR IGNORE INTO questions VALUES (?, ?, ?)",
                    [(key, q.kind, q.text) for q in shelved.questions],
                )
                write.executemany(
                    "INSERT OR IGNORE INTO ingredients VALUES (?, ?)", [(n, key) for n in shelved.ingredients]
                )
            if added or changed:
                write.execute("INSERT INTO batches VALUES (?)", (generation,))
            return Changes(added, changed, len(batch) - added - changed)

    def remove(self, ids: Iterable[str]) -> Changes:
        """Remove recipes by id, all or nothing. Raises NotFound where an id is not in the library."""
        with self._database.transaction() as write:
            generation = self._next_generation()
            removed = 0
            for id_ in dict.fromkeys(ids):
                row = write.execute("SELECT key, title_group FROM recipes WHERE id = ?", (id_,)).fetchone()
                if row is None:
                    raise NotFound(f"菜谱库里没有 id 为 {id_} 的菜谱；用 shishen library list 查看。")
                self._forget(write, row[0], row[1], generation)
                write.execute("DELETE FROM recipes WHERE key = ?", (row[0],))
                removed += 1
            if removed:
                write.execute("INSERT INTO batches VALUES (?)", (generation,))
            return Changes(removed=removed)

    def _forget(self, write: sqlite3.Connection, key: int, group: str, generation: int) -> None:
        write.execute("DELETE FROM questions WHERE recipe = ?", (key,))
        write.execute("DELETE FROM ingredients WHERE recipe = ?", (key,))
        write.execute("INSERT OR REPLACE INTO removed VALUES (?, ?)", (group, generation))

    def _next_generation(self) -> int:
        # A step of chance: a library that was restored from a backup and then changed never comes to a generation
        # that its index has of the other course of things.
        return self.generation() + 1 + secrets.randbelow(GENERATION_STEP)

    # --- reading -----------------------------------------------------------------------------------------

    def generation(self) -> int:
        """The last batch that changed the library; 0 before the first, then ever greater."""
        (value,) = self._connection.execute("SELECT max(generation) FROM batches").fetchone()
        return int(value or 0)

    def has_been(self, generation: int) -> bool:
        """Whether this library was once of that generation."""
        found = self._connection.execute("SELECT 1 FROM batches WHERE generation = ?", (generation,))
        return found.fetchone() is not None

    def __len__(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM recipes").fetchone()
        return int(count)

    @property
    def empty(self) -> bool:
        """Whether there is no recipe at all; at once, however many there are."""
        return self._connection.execute("SELECT 1 FROM recipes LIMIT 1").fetchone() is None

    def get(self, id_: str) -> Recipe:
        """The recipe with this id. Raises NotFound."""
        if (recipe := self.peek(id_)) is None:
            raise NotFound(f"菜谱库里没有 id 为 {id_} 的菜谱；用 shishen library list 查看。")
        return recipe

    def peek(self, id_: str) -> Recipe | None:
        """The recipe with this id; None where there is none, or none any more."""
        row = self._connection.execute("SELECT body FROM recipes WHERE id = ?", (id_,)).fetchone()
        return _decode(row[0]) if row else None

    def find(self, id_or_name: str) -> Recipe:
        """The recipe with this id, else the most complete one of this name. Raises NotFound."""
        try:
            return self.get(id_or_name)
        except NotFound:
            if found := self.of_group(normalise(id_or_name).replace(" ", "")):
                return found[0]
            raise NotFound(f"菜谱库里没有 id 或菜名为 {id_or_name} 的菜谱；用 shishen library list 查看。") from None

    def of_group(self, group: str, limit: int = 1, offset: int = 0) -> list[Recipe]:
        """The recipes of one dish, the most complete first."""
        rows = self._connection.execute(
            "SELECT body FROM recipes WHERE title_group = ? ORDER BY completeness DESC, key LIMIT ? OFFSET ?",
            (group, limit, offset),
        )
        return [_decode(body) for (body,) in rows]

    def recipes(
        self,
        *,
        name: str | None = None,
        category: str | None = None,
        ingredient: str | None = None,
        path: str | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> Iterator[Recipe]:
        """Recipes in the order they came, narrowed by part of a name, category, canonical ingredient or path."""
        clauses: list[str] = []
        values: list[str | int] = []
        if name is not None:
            clauses.append("instr(title_group, ?)")
            values.append(normalise(name).replace(" ", ""))
        if category is not None:
            clauses.append("category = ?")
            values.append(category)
        if ingredient is not None:
            clauses.append("key IN (SELECT recipe FROM ingredients WHERE name = ?)")
            values.append(ingredient)
        if path is not None:
            clauses.append("path = ?")
            values.append(path)
        where = " AND ".join(clauses) or "1"
        rows = self._connection.execute(
            f"SELECT body FROM recipes WHERE {where} ORDER BY key LIMIT ? OFFSET ?", (*values, limit, offset)
        )
        for (body,) in rows:
            yield _decode(body)

    def leads(self, limit: int, seed: int) -> list[str]:
        """The id of the most complete recipe of each dish; of more than `limit` recipes, that many by chance."""
        one, chance = self._connection.execute, random.Random(seed)
        count, low, high = one("SELECT count(*), min(key), max(key) FROM recipes").fetchone()
        if count <= limit:
            return [
                id_ for id_, _ in one("SELECT id, max(completeness) FROM recipes GROUP BY title_group ORDER BY key")
            ]
        near = "SELECT id FROM recipes WHERE key >= ? ORDER BY key LIMIT 1"
        return list(dict.fromkeys(one(near, (chance.randint(low, high),)).fetchone()[0] for _ in range(limit)))

    def containing(self, names: Sequence[str], limit: int) -> list[str]:
        """The ids of the recipes that have most of these canonical ingredients, the most complete first."""
        found: dict[str, tuple[int, int]] = {}
        for some in _chunks(list(names), 500):
            rows = self._connection.execute(
                "SELECT r.id, count(*), r.completeness FROM ingredients i JOIN recipes r ON r.key = i.recipe"
                f" WHERE i.name IN ({', '.join('?' * len(some))}) GROUP BY i.recipe ORDER BY 2 DESC, 3 DESC LIMIT ?",
                (*some, limit),
            )
            found |= {id_: (found.get(id_, (0, 0))[0] + count, complete) for id_, count, complete in rows}
        return sorted(found, key=lambda id_: found[id_], reverse=True)[:limit]

    def ingredient_names(self) -> list[str]:
        """Every canonical ingredient name, once."""
        return [name for (name,) in self._connection.execute("SELECT DISTINCT name FROM ingredients")]

    def places(self, path: str | None = None) -> Iterator[tuple[str, str, int | None]]:
        """(id, path, line) of every recipe, or of those read from one file."""
        where, values = ("WHERE path = ?", (path,)) if path is not None else ("", ())
        yield from self._connection.execute(f"SELECT id, path, line FROM recipes {where} ORDER BY path, line", values)

    def files(self) -> list[str]:
        """Every file that recipes were read from."""
        return [path for (path,) in self._connection.execute("SELECT DISTINCT path FROM recipes ORDER BY path")]

    def stats(self) -> Stats:
        """The library in numbers."""
        one = self._connection.execute
        categories = one("SELECT coalesce(category, ''), count(*) FROM recipes GROUP BY 1 ORDER BY 2 DESC, 1")
        return Stats(
            recipes=len(self),
            dishes=one("SELECT count(DISTINCT title_group) FROM recipes").fetchone()[0],
            questions=one("SELECT count(*) FROM questions").fetchone()[0],
            ingredients=one("SELECT count(DISTINCT name) FROM ingredients").fetchone()[0],
            files=one("SELECT count(DISTINCT path) FROM recipes").fetchone()[0],
            categories=dict(categories.fetchall()),
            size_bytes=sum(p.stat().st_size for p in self.path.parent.glob(f"{self.path.name}*")),
        )

    # --- for the index -----------------------------------------------------------------------------------

    def gone_since(self, generation: int) -> list[str]:
        """The groups that lost or changed a recipe after `generation`; some of them may still hold others."""
        rows = self._connection.execute("SELECT title_group FROM removed WHERE generation > ?", (generation,))
        return [group for (group,) in rows]

    def entries_since(self, generation: int) -> Iterator[Entry]:
        """The present state of every group touched after `generation` that holds a recipe, by group."""
        if generation == 0:
            touched, values = "1", cast(tuple[int, ...], ())
        else:
            touched, values = (
                "r.title_group IN (SELECT title_group FROM recipes WHERE generation > ?1"
                " UNION SELECT title_group FROM removed WHERE generation > ?1)",
                (generation,),
            )
        rows = self._connection.execute(
            "SELECT r.title_group, q.kind, q.text, r.key FROM recipes r JOIN questions q ON q.recipe = r.key"
            f" WHERE {touched} ORDER BY r.title_group",
            values,
        )
        for group, members in groupby(rows, key=lambda row: row[0]):
            counts: dict[tuple[str, str], int] = {}
            keys = set()
            for _, kind, text, key in members:
                counts[kind, text] = counts.get((kind, text), 0) + 1
                keys.add(key)
            # Names before descriptions, the commonest first; ties by text, so that the same library
            # always gives the same index.
            common = sorted(counts, key=lambda q: (q[0] != "name", -counts[q], q[1]))[:QUESTIONS_A_GROUP]
            questions = tuple(Question(text, "name" if kind == "name" else "about") for kind, text in common)
            yield Entry(group, len(keys), questions)


_decoder = msgspec.json.Decoder(Recipe)


def _decode(body: str) -> Recipe:
    return _decoder.decode(body)


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
