"""Adds to a plan what its revisions send, and what a person should know of that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from initdb.statemachine.decide.plan import Intent, Plan
from initdb.steps.effects.mark import Mark, rebuild
from initdb.steps.effects.marks import marks
from initdb.steps.effects.schema import Present
from initdb.steps.effects.script import Script
from initdb.steps.effects.sketch import rebuilds, sketch
from initdb.steps.one_revision.reconcile import is_logged, is_settled
from initdb.steps.revisions.revision_file import RevisionFile


@dataclass(frozen=True, slots=True)
class Printed:
    """What the pending revisions send, as far as it could be printed.

    Attributes:
        database: "postgresql" or "sqlite".
        scripts: The scripts of the revisions.
        files: The files of the revisions.
        sources: The sources of those revisions that cannot be printed or leave their transaction.
        present: The tables that are there before.
    """

    database: str
    scripts: Mapping[str, Script] = field(default_factory=dict)
    files: Mapping[str, RevisionFile] = field(default_factory=dict)
    sources: Mapping[str, bytes] = field(default_factory=dict)
    present: Present = Present()  # noqa: RUF009 - it cannot be changed


def with_scripts(plan: Plan, printed: Printed) -> Plan:
    """The plan with the script and the marks of each revision, and with a word about its blocks.

    Args:
        plan: As it was rehearsed.
        printed: What its revisions send.
    """
    revisions = [one.subject for one in plan.intents if one.step == "migrate"]
    found = marks([_seen(name, printed) for name in revisions], printed.database, printed.present)
    by_revision = dict(zip(revisions, found, strict=True))
    intents = (_with_script(one, printed, by_revision.get(one.subject, ())) for one in plan.intents)
    return replace(plan, intents=tuple(intents))


def _with_script(intent: Intent, printed: Printed, found: tuple[Mark, ...]) -> Intent:
    name = intent.subject
    if intent.step != "migrate":
        return intent
    note = "; ".join(filter(None, (intent.note, _about_blocks(name, printed))))
    every = tuple(dict.fromkeys((*found, *_rebuilt(name, printed))))
    return replace(intent, note=note, script=printed.scripts.get(name), marks=every)


def _seen(name: str, printed: Printed) -> tuple[str, ...]:
    """The statements of a revision; of one that cannot be printed those that can be seen."""
    script = printed.scripts.get(name)
    texts = tuple(sql.text for sql in script.statements) if script else ()
    is_whole = script is not None and not script.refused
    return texts if is_whole else (*texts, *sketch(printed.sources.get(name, b"")))


def _rebuilt(name: str, printed: Printed) -> Iterator[Mark]:
    script = printed.scripts.get(name)
    if printed.database != "sqlite" or (script is not None and not script.refused):
        return
    present = printed.present.tables
    tables = [one for one in rebuilds(printed.sources.get(name, b"")) if (None, one) in present]
    if tables:
        yield rebuild(*tables)


def _about_blocks(name: str, printed: Printed) -> str:
    """What becomes of a revision that is interrupted outside its transaction; empty if it never is."""
    file, script = printed.files.get(name), printed.scripts.get(name)
    if file is None or not file.uses_autocommit_block:
        return ""
    source = printed.sources.get(name, b"").decode(errors="replace")
    left = "leaves its transaction; if interrupted"
    if script is None or script.refused:
        return f"{left}, the next boot finds out how far it came, or asks a person"
    outside = [sql.text for sql in script.statements if sql.outside]
    doubtful = [text for text in outside if not is_settled(text, printed.database)]
    if not doubtful and outside and is_logged(source):
        return f"{left}, the next boot finds out how far it came"
    if not doubtful or not is_logged(source):
        return f"{left}, a person is asked"
    return f"{left} in this statement, a person is asked: {' '.join(doubtful[0].split())[:80]}"
