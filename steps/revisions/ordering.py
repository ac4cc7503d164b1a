"""The order in which plain Alembic runs revisions, and what a revision rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Parents = Mapping[str, tuple[str, ...]]


def closure(ids: Iterable[str], parents: Parents) -> frozenset[str]:
    """The given revisions and all that can be reached from them.

    Args:
        ids: Identifiers.
        parents: What each revision leads to.
    """
    seen: set[str] = set()
    waiting = list(ids)
    while waiting:
        revision = waiting.pop()
        if revision not in seen:
            seen.add(revision)
            waiting.extend(parents[revision])
    return frozenset(seen)


def upgrade_order(
    follows: Parents, needs: Parents, wanted: Collection[str], heads: Iterable[str]
) -> tuple[str, ...]:
    """The order in which plain Alembic would run revisions. The graph must have no cycle.

    Alembic walks from the heads down one branch, until another branch needs what comes next, and reverses the
    result. If a revision depends on several others, Alembic's order among these differs from process to
    process; here it is that of the file. Source: alembic.script.revision.RevisionMap._topological_sort.

    Args:
        follows: The down revisions of each revision, in the order of listing.
        needs: The dependencies of each.
        wanted: The revisions to order.
        heads: The heads to upgrade to.
    """
    parents = {revision: follows[revision] + needs[revision] for revision in follows}
    place = {revision: number for number, revision in enumerate(follows)}
    todo = set(wanted)
    tips = sorted(todo.intersection(heads), key=place.__getitem__)
    reach = [set(closure([tip], parents)) for tip in tips]
    output: list[str] = []
    at = 0
    while tips:
        candidate = tips[at]
        blocked = next((i for i, below in enumerate(reach) if i != at and candidate in below), None)
        if blocked is not None:
            at = blocked
            continue
        if candidate in todo:
            todo.remove(candidate)
            output.append(candidate)
        steps = _steps_down(candidate, follows, needs)
        following = [revision for revision in steps if revision in todo and revision not in tips]
        if not following:
            del tips[at], reach[at]
            at = max(at - 1, 0)
            continue
        tips[at : at + 1] = following[:1]
        tips.extend(following[1:])
        if len(steps) == 1:
            reach[at].discard(candidate)
        else:
            reach[at] = set(closure(following[:1], parents))
            reach.extend(set(closure([revision], parents)) for revision in following[1:])
    return tuple(reversed(output))


def _steps_down(revision: str, follows: Parents, needs: Parents) -> list[str]:
    """What a revision rests on, without dependencies that a revision below it on its own branch has too."""
    inherited: set[str] = set()
    if needs[revision]:
        inherited.update(*(needs[below] for below in closure(follows[revision], follows)))
    return list(
        dict.fromkeys((*follows[revision], *(need for need in needs[revision] if need not in inherited)))
    )
