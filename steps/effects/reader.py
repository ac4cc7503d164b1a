"""Reads a statement's tokens from left to right: words that are expected, names, what remains."""

from __future__ import annotations

from initdb.steps.effects.tokens import Statement, Token

Name = tuple[str | None, str]
"""The schema, if it is given, and the name."""


class Reader:
    """A place in a statement.

    Args:
        statement: Its tokens.

    >>> from initdb.steps.effects.tokens import statements
    >>> reader = Reader(next(statements("DROP TABLE IF EXISTS shop.item")))
    >>> reader.take("DROP", "TABLE"), reader.take("IF", "EXISTS"), reader.name()
    (True, True, ('shop', 'item'))
    """

    def __init__(self, statement: Statement) -> None:
        self._tokens, self._at = statement, 0

    @property
    def rest(self) -> Statement:
        """The tokens that are not read yet."""
        return self._tokens[self._at :]

    @property
    def token(self) -> Token | None:
        """The next token; None at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self, *words: str) -> bool:
        """Read these words if they are next. Otherwise nothing is read.

        Args:
            words: In capitals; also signs.
        """
        found = tuple(token.word for token in self._tokens[self._at : self._at + len(words)])
        if found != words:
            return False
        self._at += len(words)
        return True

    def take_one(self, *words: str) -> str:
        """Read the next word if it is one of these; empty if it is not.

        Args:
            words: In capitals.
        """
        return next((word for word in words if self.take(word)), "")

    def skip_to(self, *words: str) -> bool:
        """Read up to the first place where these words follow each other, and over them.

        Args:
            words: In capitals.
        """
        for at in range(self._at, len(self._tokens)):
            if tuple(token.word for token in self._tokens[at : at + len(words)]) == words:
                self._at = at + len(words)
                return True
        return False

    def name(self) -> Name | None:
        """Read a name, with its schema if it has one; None if no name is next."""
        first = self._identifier()
        if first is None:
            return None
        if not self.take("."):
            return (None, first)
        second = self._identifier()
        return (first, second) if second is not None else (None, first)

    def names(self) -> list[Name]:
        """Read names that are separated by commas, each perhaps after ONLY or before `*`."""
        found: list[Name] = []
        while True:
            self.take("ONLY")
            name = self.name()
            if name is None:
                return found
            found.append(name)
            self.take("*")
            if not self.take(","):
                return found

    def _identifier(self) -> str | None:
        token = self.token
        if token is None or token.identifier is None:
            return None
        self._at += 1
        return token.identifier
