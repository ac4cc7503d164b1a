"""The revisions as a graph: heads, what is pending, what is implied. Its functions are pure."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from initdb.errors import InitError
from initdb.steps.revisions import checks
from initdb.steps.revisions.ordering import closure, upgrade_order
from initdb.steps.revisions.revision_file import RevisionFile


class RevisionGraph:
    """All revisions of an application. They are parsed when the graph is used: a ready database needs none.

    Args:
        contents: The hash of each file, as 64 hexadecimal digits.
        files: Gives the revisions, in the order of `read_revisions`. It is called once, by the first use of
            anything but the hashes, which raises what it raises.
    """

    def __init__(self, contents: Iterable[str], files: Callable[[], Iterable[RevisionFile]]) -> None:
        # Two files with the same content are two, and a mistake.
        said = sorted(contents)
        self.contents = frozenset(said)
        self._digest = hashlib.sha256("\n".join(said).encode()).hexdigest()
        self._files = files

    @classmethod
    def of(cls, files: Iterable[RevisionFile]) -> RevisionGraph:
        """Make the graph of revisions that are parsed already.

        Args:
            files: In the order of `read_revisions`.
        """
        found = tuple(files)
        return cls((file.digest for file in found), lambda: found)

    @cached_property
    def files(self) -> Mapping[str, RevisionFile]:
        """The revisions by identifier, in Alembic's order of listing."""
        return MappingProxyType({file.revision: file for file in self._files()})

    @cached_property
    def follows(self) -> Mapping[str, tuple[str, ...]]:
        """The down revisions of each. Labels are resolved; identifiers without a file are left out."""
        known = self.files
        return {revision: tuple(d for d in file.down if d in known) for revision, file in known.items()}

    @cached_property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """The dependencies of each, in the same way."""
        known = self.files
        names = {label: revision for revision, file in known.items() for label in file.labels or ()}
        names |= {revision: revision for revision in known}
        return {
            revision: tuple(names[needed] for needed in file.depends_on if needed in names)
            for revision, file in known.items()
        }

    @property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """What each revision rests on directly: first what it follows, then what it depends on."""
        return {
            revision: tuple(dict.fromkeys(self.follows[revision] + self.needs[revision]))
            for revision in self.files
        }

    @property
    def heads(self) -> tuple[str, ...]:
        """The version rows after `upgrade heads`: the revisions that no other follows or depends on."""
        needed = {parent for parents in self.parents.values() for parent in parents}
        return tuple(revision for revision in self.files if revision not in needed)

    @property
    def bases(self) -> tuple[str, ...]:
        """The revisions that follow no other."""
        return tuple(revision for revision, file in self.files.items() if not file.down)

    def ancestors(self, ids: Iterable[str]) -> frozenset[str]:
        """These revisions and everything they rest on. Identifiers that no file has are left out."""
        return closure((revision for revision in ids if revision in self.files), self.parents)

    def applied(self, current: Collection[str]) -> frozenset[str]:
        """Every revision that the version rows imply.

        Args:
            current: The version rows.
        """
        return self.ancestors(current)

    def unknown(self, current: Collection[str]) -> tuple[str, ...]:
        """The version rows that no file has, sorted. If there are any, the database is ahead of these files.

        Args:
            current: The version rows.
        """
        return tuple(sorted(set(current) - self.files.keys()))

    def overlapping(self, current: Collection[str]) -> tuple[str, ...]:
        """The version rows that another row implies, sorted. No upgrade leaves any, and Alembic refuses them.

        Args:
            current: The version rows.
        """
        rows = set(current)
        return tuple(sorted(row for row in rows if row in self.ancestors(rows - {row})))

    def pending(self, current: Collection[str]) -> tuple[str, ...]:
        """What `upgrade heads` would run, in the order of plain Alembic.

        Args:
            current: The version rows. Rows that no file has are ignored.

        Raises:
            InitError: `broken-history`, if there is a cycle.
        """
        checks.acyclic(self.files, self.parents)
        missing = self.files.keys() - self.applied(current)
        return upgrade_order(self.follows, self.needs, missing, self.heads)

    def read(self) -> None:
        """Parse the files, unless they are parsed already.

        Raises:
            InitError: What `files` raises.
        """
        len(self.files)

    def check(self) -> None:
        """Check that the files do not contradict each other.

        Raises:
            InitError: `broken-history`, `multiple-heads`.
        """
        checks.identifiers(self.files)
        checks.acyclic(self.files, self.parents)
        checks.one_head_a_branch(self.files, self.follows, self.heads)

    def digest(self) -> str:
        """One hash over the content of every file, as 64 hexadecimal digits."""
        return self._digest

    def resolve(self, text: str) -> str:
        """The identifier that a text is, or with which it begins.

        Args:
            text: An identifier or the beginning of one.

        Raises:
            InitError: `no-such-revision`.
        """
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
