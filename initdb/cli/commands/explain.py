"""`initdb explain` and `initdb diagram`: texts that need no database."""

from __future__ import annotations

from collections.abc import Mapping

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options
from initdb.cli.completing.answers import known


def _references() -> Mapping[str, str]:
    from initdb.errors import CATALOGUE

    return {reference: row.message for reference, row in CATALOGUE.items()}


@click.command("explain", cls=Command)
@click.argument("reference", required=False, shell_complete=known(_references))
@click.option(
    "--database",
    type=click.Choice(["sqlite", "postgresql"]),
    help="Leave out what is for the other database.",
)
@output_options
@pass_call
def explain(call: Call, reference: str | None, database: str | None) -> None:
    """Explain an error: causes, advice, what was kept, the fix.

    Without REFERENCE it lists all errors.
    """
    from initdb.errors import CATALOGUE, render_page
    from initdb.errors.faces import as_typed

    if reference is not None:
        text = as_typed(render_page(reference, database))
        row = CATALOGUE[reference]
        call.screen.emit(
            {
                "command": call.name,
                "exit_code": 0,
                "reference": row.reference,
                "message": row.message,
                "kept": row.kept,
                "fix": row.fix,
                "causes": list(row.causes),
                "passing": row.passing,
                "failure_exit_code": row.exit_code,
                "text": text,
            }
        )
        _page(call, text)
        return
    call.screen.emit(
        {"command": call.name, "exit_code": 0, "references": {r: row.message for r, row in CATALOGUE.items()}}
    )
    width = max(map(len, CATALOGUE))
    _page(call, "\n".join(f"{name:<{width}}  {row.message}" for name, row in CATALOGUE.items()))


@click.command("diagram", cls=Command)
@output_options
@pass_call
def diagram(call: Call) -> None:
    """Print the states and transitions as a Mermaid diagram."""
    from initdb.statemachine.render.diagram import mermaid

    call.screen.emit({"command": call.name, "exit_code": 0, "mermaid": mermaid()})
    _page(call, mermaid())


def _page(call: Call, text: str) -> None:
    if not call.screen.as_json:
        call.screen.print(text)
