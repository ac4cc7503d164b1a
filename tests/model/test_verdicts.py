"""Every possible verdict, compared with rules that are written a second time; each has a way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from initdb.events.chain import GENESIS
from initdb.events.entry import Moment, write
from initdb.events.knowledge import Failure, Judgement, Knowledge, RunRecord
from initdb.statemachine.decide.fold import fold
from initdb.statemachine.decide.verdict import BACKOFF_FIRST, Look, judge
from initdb.statemachine.machine import turn

MINE, OTHERS = {"models": "a", "migrations": "1"}, {"models": "a", "migrations": "2"}
NOW, SEQ = 1000.0, 7
OUTCOMES = (
    "none",
    "ready",
    "lasting",
    "passing, young",
    "passing, old",
    "ready, then lasting",
    "lasting, then ready",
)


@dataclass(frozen=True)
class Case:
    """One combination of everything that a verdict looks at."""

    unknown: bool
    catalog: str | None
    mine: str
    others: str
    mine_last: bool
    held: str
    override: int | None
    ended: str | None

    def judgements(self) -> tuple[Judgement, ...]:
        """In the order in which they were made."""
        mine, others = list(_made(self.mine, MINE)), list(_made(self.others, OTHERS))
        return tuple(others + mine if self.mine_last else mine + others)

    def look(self) -> Look:
        """What a process of MINE sees; the catalogue is "c"."""
        known = Knowledge(
            seq=9,
            state="behind",
            last_run=RunRecord("run", 1, "t", ended=self.ended),
            judgements=self.judgements() if self.catalog else (),
            catalog=self.catalog,
            held={"r2": {"same": "d", "unknown file": None, "changed": "old"}[self.held]}
            if self.held
            else {},
        )
        unknown = ("r9",) if self.unknown else ()
        return Look(known, MINE, "c", unknown=unknown, pending={"r2": "d", "r3": "e"}, clock=NOW)


def _made(outcome: str, code: dict[str, str]) -> Iterator[Judgement]:
    for part in outcome.split(", then "):
        if part == "ready":
            yield Judgement(code)
        elif part != "none":
            clock = NOW - BACKOFF_FIRST / 2 if part == "passing, young" else 0.0
            error = {"reference": "x", "passing": part.startswith("passing")}
            yield Judgement(code, Failure(SEQ, "migrate", "t", error, code, clock=clock))


def _cases() -> Iterator[Case]:
    for values in product(
        (False, True),
        (None, "c", "another"),
        OUTCOMES,
        ("none", "ready", "lasting"),
        (False, True),
        ("", "same", "unknown file", "changed"),
        (None, SEQ, SEQ + 1),
        ("ready", None),
    ):
        yield Case(*values)


def expected(case: Case) -> str:
    """The rules of the design, in other words."""
    if case.unknown:
        return "ahead"
    stands = case.mine.rpartition(", then ")[2] if case.catalog == "c" else "none"
    if stands == "ready":
        return "ready"
    if stands != "none" and case.override != SEQ and stands != "passing, old":
        return "failed"
    if stands == "none" and case.held in ("same", "unknown file"):
        return "held"
    return "work"


def test_every_combination() -> None:
    """Of what the database has, what was concluded, by whom, on which catalogue, and what a person said."""
    cases = list(_cases())
    assert len(cases) == 2 * 3 * 7 * 3 * 2 * 4 * 3 * 2
    for case in cases:
        verdict = judge(case.look(), case.override)
        assert verdict.kind == expected(case), case
        assert (verdict.retry_in is not None) == (
            verdict.kind == "failed" and case.mine == "passing, young"
        ), case
        assert bool(verdict.revisions) == (verdict.kind in ("ahead", "held")), case


def test_every_verdict_has_a_way_out() -> None:
    """failed: other code, another catalogue, a person, or time. held: release, or another file. ahead: code
    that knows the revision. ready: nothing to leave."""
    for case in _cases():
        look = case.look()
        kind = judge(look, case.override).kind
        if kind == "ahead":
            assert judge(replace(look, unknown=()), case.override).kind != "ahead"
        elif kind == "held":
            files = {"r2": "another", "r3": "e"}
            changed = look if case.held == "unknown file" else replace(look, pending=files)
            assert case.held == "unknown file" or judge(changed, case.override).kind == "work"
            assert judge(replace(look, knowledge=_released(look.knowledge)), case.override).kind == "work"
        elif kind == "failed":
            out = judge(look, override=SEQ).kind
            assert out == "work", case
            other = judge(replace(look, code={"models": "b"}), case.override).kind
            assert other in ("work", "held"), case
            assert judge(replace(look, catalog="repaired"), case.override).kind in ("work", "held"), case


def _released(known: Knowledge) -> Knowledge:
    """What is known after `initdb release`."""
    moment = Moment("run", "2026-01-01T00:00:00.000000Z", 1, {})
    data = {"revisions": ["r2"]}
    return fold([write(known.seq, GENESIS, moment, turn(known.state, "hold_released", data), data)], known)
