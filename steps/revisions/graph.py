"""The revisions as a graph: heads, what is pending, what is implied; pure functions over the files' facts."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from initdb.errors import InitError
from initdb.steps.revisions import checks
from initdb.steps.revisions.ordering import closure, upgrade_order
from initdb.steps.revisions.revision_file import RevisionFile


@dataclass(frozen=True, slots=True)
class RevisionGraph:
    """All revisions of an application: `files` by identifier, in Alembic's order of listing.

    `follows` are the down revisions and `needs` the dependencies of each, with branch labels resolved and
    without those that no file has (`check` names these). Ask `check` before you rely on the rest.
    """

    files: Mapping[str, RevisionFile]
    follows: Mapping[str, tuple[str, ...]]
    needs: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, files: Iterable[RevisionFile]) -> RevisionGraph:
        """The graph of `files`, given in the order of `read_revisions`."""
        known = {file.revision: file for file in files}
        names = {label: revision for revision, file in known.items() for label in file.labels or ()}
        names |= {revision: revision for revision in known}
        follows = {revision: tuple(d for d in file.down if d in known) for revision, file in known.items()}
        needs = {
            revision: tuple(names[needed] for needed in file.depends_on if needed in names)
            for revision, file in known.items()
        }
        return cls(MappingProxyType(known), MappingProxyType(follows), MappingProxyType(needs))

    @property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """What each revision rests on directly: what it follows, then what it depends on."""
        return {
            revision: tuple(dict.fromkeys(self.follows[revision] + self.needs[revision]))
            for revision in self.files
        }

    @property
    def heads(self) -> tuple[str, ...]:
        """The version rows after `upgrade heads`: revisions that no other follows or depends on."""
        needed = {parent for parents in self.parents.values() for parent in parents}
        return tuple(revision for revision in self.files if revision not in needed)

    @property
    def bases(self) -> tuple[str, ...]:
        """Revisions that follow no other."""
        return tuple(revision for revision, file in self.files.items() if not file.down)

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """`ids` and everything they rest on; identifiers that no file has are left out."""
        return closure((revision for revision in ids if revision in self.files), self.parents)

    def applied(self, current: Collection[str]) -> frozenset[str]:
        """Every revision that the version rows `current` imply."""
        return self.ancestors(current)

    def unknown(self, current: Collection[str]) -> tuple[str, ...]:
        """Version rows that no file has, sorted: the database is ahead of these files."""
        return tuple(sorted(set(current) - self.files.keys()))

    def overlapping(self, current: Collection[str]) -> tuple[str, ...]:
        """Version rows that another row implies, sorted: no upgrade leaves such, and Alembic refuses them."""
        rows = set(current)
        return tuple(sorted(row for row in rows if row in self.ancestors(rows - {row})))

    def pending(self, current: Collection[str]) -> tuple[str, ...]:
        """What `upgrade heads` would run from the version rows `current`, in plain Alembic's order.

        Rows that no file has count for nothing. Raises InitError("broken-history") where there is a cycle.
        """
        checks.acyclic(self.files, self.parents)
        missing = self.files.keys() - self.applied(current)
        return upgrade_order(self.follows, self.needs, missing, self.heads)

    def check(self) -> None:
        """Raises InitError("broken-history") or ("multiple-heads") where the files contradict each other."""
        checks.identifiers(self.files)
        checks.acyclic(self.files, self.parents)
        checks.one_head_a_branch(self.files, self.follows, self.heads)

    def digest(self) -> str:
        """One hash, 64 hex digits, over the identifier and content of every revision."""
        lines = sorted(f"{revision}\0{file.digest}\n" for revision, file in self.files.items())
        return hashlib.sha256("".join(lines).encode(errors="surrogatepass")).hexdigest()

    def resolve(self, text: str) -> str:
        """The identifier that `text` is, or is the beginning of. Raises InitError("no-such-revision")."""
        if text in self.files:
            return text
        begin = [revision for revision in self.files if text and revision.startswith(text)]
        if len(begin) == 1:
            return begin[0]
        if begin:
            raise InitError("no-such-revision", f"{text} is the beginning of {', '.join(begin)}")
        starts = {revision[: max(len(text), 4)]: revision for revision in self.files}
        near = [starts[start] for start in difflib.get_close_matches(text[:100], starts)]
        raise InitError("no-such-revision", text, *([f"Nearest: {', '.join(near)}"] if near else []))
