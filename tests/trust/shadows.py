"""Operators and functions of somebody else that fit better than the server's own, in a schema of the path."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.trust.neighbour import Place

TYPES = ("text", "varchar", "name", '"char"', "oid", "int4", "int8", "bool", "regclass")
"""The types of what initdb compares."""

OPERATORS = ("=", "<>", "<", "<=", ">", ">=", "||", "~~", "~", "!~", "!~~", "+", "-")
"""The operators that SQL may mean by a sign or a word, such as LIKE and IN."""

_FUNCTIONS = """
SELECT DISTINCT p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)
FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
AND p.pronargs BETWEEN 1 AND 3 AND p.provariadic = 0
AND p.proname !~ '^(text|varchar|name|bpchar|int|oid|bool|reg|pg_stat|binary_|ts_|xml|lo_)'
AND 'text'::regtype = ANY (p.proargtypes)
"""


def plant_shadows(place: Place) -> int:
    """Plant them all, as the neighbour, in the schema public. Each counts when it runs.

    Returns:
        How many there are.
    """
    statements = [*_operators(place), *_functions(place)]
    place.plant(*statements)
    return len(statements)


def _operators(place: Place) -> Iterator[str]:
    known = {
        tuple(row)
        for row in place.sql(
            "SELECT oprname::text, format_type(oprleft, NULL), format_type(oprright, NULL) FROM pg_operator"
            " WHERE oprnamespace = 'pg_catalog'::regnamespace"
        )
    }
    full = {"varchar": "character varying", "int4": "integer", "int8": "bigint", "bool": "boolean"}
    for left, right in product(TYPES, TYPES):
        gives = {}
        for sign in OPERATORS:
            if (sign, full.get(left, left), full.get(right, right)) not in known:
                gives.setdefault("text" if sign == "||" else "bool", []).append(sign)
        for kind, signs in gives.items():
            name = f'public."{kind}_{left.strip(chr(34))}_{right.strip(chr(34))}"'
            value = "l::text || r::text" if kind == "text" else "l::text = r::text"
            yield (
                f"CREATE FUNCTION {name}(l {left}, r {right}) RETURNS {kind} LANGUAGE plpgsql"
                f" SET search_path = pg_catalog AS $$ BEGIN {place.trap} RETURN {value}; END $$"
            )
            for sign in signs:
                of = f"LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {name}"
                yield f"CREATE OPERATOR public.{sign} ({of})"


def _functions(place: Place) -> Iterator[str]:
    """Each function of the server that takes a text, for varchar and name instead."""
    known = {(row[0], tuple(row[1])) for row in place.sql(_FUNCTIONS)}  # type: ignore[arg-type]
    for name, arguments in sorted(known):
        for other in ("character varying", "name"):
            taken = tuple(other if one == "text" else one for one in arguments)
            odd = any(one.startswith("any") or one == "internal" for one in taken)
            if (name, taken) not in known and not odd:
                yield (
                    f'CREATE OR REPLACE FUNCTION public."{name}"({", ".join(taken)}) RETURNS text'
                    " LANGUAGE plpgsql SET search_path = pg_catalog"
                    f" AS $$ BEGIN {place.trap} RETURN NULL; END $$"
                )
