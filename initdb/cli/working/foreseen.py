"""Prints a plan: numbered lines with their marks, or SQL with comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from initdb.cli.output.screen import Part, Screen
from initdb.errors import Rendered
from initdb.errors.faces import as_typed
from initdb.errors.safe import escape
from initdb.statemachine.decide.plan import Intent, why_not
from initdb.statemachine.loop.foresee import Foresight
from initdb.steps.effects.mark import Mark
from initdb.steps.effects.script import Script, Sql

_INDENT = " " * 20
_STYLES = {"destructive": "bold red", "blocks": "yellow"}


def show(screen: Screen, name: str, seen: Foresight) -> None:
    """Print a plan for people.

    Args:
        screen: Where.
        name: The application and its database.
        seen: What a boot would do.
    """
    screen.say(name)
    for line in _before(seen):
        screen.say(*line)
    for number, intent in enumerate(seen.plan.intents, 1):
        note = f"  ({intent.note})" if intent.note else ""
        screen.say(f"{number:>4}. ", (f"{intent.step:<14}", "bold"), intent.subject, (note, "dim"))
        for mark, safer in _with_safer(intent.marks):
            screen.say(_INDENT, (f"{mark.kind}: ", _STYLES[mark.kind]), mark.text, (safer, "dim"))
    for line in _after(seen):
        screen.say(*line)


def _before(seen: Foresight) -> Iterator[tuple[Part, ...]]:
    """What is to be known before the list."""
    plan, verdict = seen.plan, seen.verdict
    if seen.missing:
        yield (f"{seen.missing}.",)
    if seen.at_work:
        yield (f"{seen.at_work}. A boot waits for it, and then does what is left.",)
    if seen.unknown:
        yield (f"{seen.unknown}.",)
    elif plan.intents or plan.stop is not None:
        if seen.read_only:
            yield (f"Here a boot waits for another process: {seen.read_only}",)
        if not plan.intents:
            return
        changed = f": {', '.join(verdict.changed)}" if verdict.changed else ""
        why = f"{verdict.reason}{changed}" or "a failure that may pass is tried again"
        yield ("found ", (str(plan.state), "bold"), f"; a boot would begin ({why}), and then:")
    else:
        yield (why_not(verdict),)


def _after(seen: Foresight) -> Iterator[tuple[Part, ...]]:
    """What is to be known after the list."""
    plan = seen.plan
    scripts = [one.script for one in plan.intents if one.step == "migrate" and one.script is not None]
    refused = [script for script in scripts if script.refused]
    if refused:
        count = f"{len(refused)} of {len(scripts)} revisions" if len(scripts) > 1 else "the revision"
        yield (
            f"{count} cannot be printed without a database, so marks may be missing:"
            " initdb plan --sql says why",
        )
    if plan.stop is not None:
        yield from _stopped(plan.stop, begun=bool(plan.intents))


def _stopped(stop: Rendered, *, begun: bool) -> Iterator[tuple[Part, ...]]:
    when = "Then it would fail" if begun else "A boot would fail before it does anything"
    yield ((when, "bold red"), f" ({stop.reference}). {stop.message}")
    for line in stop.context[:10]:
        yield ("  ", line)
    yield ("fix: ", stop.fix)


def _with_safer(marks: Sequence[Mark]) -> Iterator[tuple[Mark, str]]:
    """Each mark with the safer way, which is said once after marks that have the same."""
    for number, mark in enumerate(marks, 1):
        again = number < len(marks) and marks[number].instead == mark.instead
        yield mark, "" if again or not mark.instead else f". Safer: {mark.instead}"


def not_complete(seen: Foresight) -> str:
    """What cannot be printed; empty if everything can."""
    missing = [one.subject for one in seen.plan.intents if one.script is not None and one.script.refused]
    return f"{', '.join(missing)} cannot be printed" if missing else ""


def sql_lines(name: str, seen: Foresight) -> Iterator[str]:
    """The plan as SQL, in which everything else is a comment. It can be piped to psql or sqlite3.

    Args:
        name: The application and its database.
        seen: What a boot would do, with all scripts.
    """
    yield from _comment(f"{name}: what a boot would send. Nothing was sent.")
    if missing := not_complete(seen):
        yield from _comment(f"NOT COMPLETE: {missing}; do not run what follows alone.")
    for line in _before(seen):
        yield from _comment("".join(part if isinstance(part, str) else part[0] for part in line))
    for number, intent in enumerate(seen.plan.intents, 1):
        yield ""
        note = f" ({intent.note})" if intent.note else ""
        yield from _comment(f"{number}. {intent.step} {intent.subject}{note}")
        for mark, safer in _with_safer(intent.marks):
            yield from _comment(f"   {mark.kind}: {mark.text}{safer}")
        yield from _of_intent(intent)
    if seen.plan.stop is not None:
        for line in _stopped(seen.plan.stop, begun=bool(seen.plan.intents)):
            yield from _comment("".join(part if isinstance(part, str) else part[0] for part in line))


_UNPRINTED = {
    "seed": "the rows are written by initdb, and are not printed",
    "validate": "only reads",
    "back_up": "only reads; the backup is made by initdb",
}


def _of_intent(intent: Intent) -> Iterator[str]:
    script = intent.script
    if script is None:
        yield from _comment(f"   {_UNPRINTED.get(intent.step, 'not printed')}")
    elif script.refused:
        yield from _comment(f"   not printed: {script.refused}")
    else:
        yield from _transactions(script)


def _transactions(script: Script) -> Iterator[str]:
    """The statements, with BEGIN and COMMIT around those that are in a transaction."""
    inside = False
    for sql in (*script.statements, *map(Sql, script.version)):
        if inside == sql.outside:
            yield "COMMIT;" if inside else "BEGIN;"
            inside = not inside
        yield terminated(sql.text)
    if inside:
        yield "COMMIT;"


def terminated(text: str) -> str:
    """A statement with its semicolon, on a line of its own if the last line may be a comment.

    Args:
        text: The statement.
    """
    last = text.rpartition("\n")[2]
    return f"{text}\n;" if "--" in last else f"{text};"


def _comment(text: str) -> Iterator[str]:
    for line in as_typed(text).splitlines() or [""]:
        yield f"-- {escape(line)}".rstrip()


def as_data(intent: Intent, *, printing: bool) -> dict[str, object]:
    """One step of a plan, for programs.

    Args:
        intent: The step.
        printing: Whether the SQL is wanted.
    """
    marks = [{"kind": one.kind, "text": one.text, "instead": one.instead} for one in intent.marks]
    data: dict[str, object] = {
        "step": intent.step,
        "subject": intent.subject,
        "note": intent.note,
        "event": intent.event,
        "marks": marks,
    }
    if printing:
        script = intent.script
        printed = script is not None and not script.refused
        data["sql"] = (
            [one.text for one in script.statements] + list(script.version) if script and printed else None
        )
        data["refused"] = script.refused if script is not None else _UNPRINTED.get(intent.step, "")
    return data
