"""Runs the application's own rules. A rule only reads: each runs in a SAVEPOINT that is rolled back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from initdb.errors import InitError
from initdb.errors.classify import is_passing
from initdb.errors.conditions import said_of, statement_of
from initdb.errors.driver import driver_error
from initdb.errors.location import where
from initdb.errors.safe import safe_text
from initdb.errors.withheld import kind_of
from initdb.events.process import in_this_process
from initdb.steps.catalog.issue import SEVERITIES, Issue, Severity

if TYPE_CHECKING:
    from initdb.steps.context import Rule

_ADVICE = "Fix what the application's rule asks for, then: initdb resume"


def rule_issues(connection: Connection, rules: Iterable[Rule]) -> tuple[Issue, ...]:
    """What the rules find. A rule that raises is an issue itself.

    Args:
        connection: In a transaction.
        rules: The rules.

    Raises:
        InitError: `validation-failed`, if a rule ended the transaction.
        Exception: What a rule raised, if a retry may help: a lost connection, a lock, a cancelled statement.
    """
    return tuple(issue for rule in rules for issue in _issues(connection, rule))


def _issues(connection: Connection, rule: Rule) -> Iterable[Issue]:
    severity: Severity = next((word for word in SEVERITIES if word == rule.severity), "error")
    nested = connection.begin_nested()
    try:
        with in_this_process():
            sentences = _sentences(rule.check(connection))
    except Exception as error:  # a rule is the application's code and can raise anything
        if is_passing(error):
            raise
        sentences = [safe_text(f"The rule {rule.name} failed: {_why(error)}")]
    if not nested.is_active:
        ended = f"the rule {rule.name} committed or rolled back the connection that it was given"
        fix = "Take commit() and rollback() out of the rule, then: initdb resume"
        raise InitError("validation-failed", ended, fix=fix, database=connection.dialect.name)
    nested.rollback()
    for number, sentence in enumerate(sentences, 1):
        name = rule.name if len(sentences) == 1 else f"{rule.name} {number}"
        yield Issue("rule-broken", name, sentence, severity, _ADVICE)


def _sentences(answer: object) -> list[str]:
    """A rule may return sentences, one sentence, or whether everything is in order."""
    if answer is None or answer is True:
        return []
    if answer is False:
        return ["The rule does not hold."]
    if isinstance(answer, str):
        return [answer] if answer else []
    return [str(each) for each in answer] if isinstance(answer, Iterable) else [str(answer)]


def _why(error: Exception) -> str:
    """What a rule raised, without its text, and the line of the rule."""
    found, place = driver_error(error), where(error)
    kind = kind_of(error)
    said = kind if found is None else ", ".join((said_of(found), statement_of(found))).removesuffix(", ")
    return f"{said} (at: {place})" if place else said
