"""`initdb plan`: what a boot would do, without doing it."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import opened
from initdb.cli.opening.target import find_target


@click.command("plan", cls=Command)
@output_options
@setting_options
@pass_call
def plan(call: Call) -> int:
    """Say what a boot would do, without doing it.

    It only reads. The exit code is 0, whatever there is to do.
    """
    target = find_target(call)
    from initdb.cli.working.conclusion import named
    from initdb.managers.open_look import open_look
    from initdb.statemachine.decide.plan import plan as plan_for
    from initdb.statemachine.decide.plan import refused, state_of, why_not
    from initdb.statemachine.decide.verdict import judge
    from initdb.steps.survey.edits import sentences

    with opened(call, target) as initializer, open_look(initializer) as found:
        verdict, known = judge(found.seen), found.seen.knowledge
        stop = refused(found.seen.edited, found.facts, initializer.settings.when_edited)
        stop = stop if verdict.kind == "work" else ""
        intents = () if stop else plan_for(found.facts, verdict, known, initializer.site.application)
        name, state = named(initializer), str(state_of(found.facts))
        warnings = (*initializer.site.application.left_out(), *sentences(found.seen.edited))
        edited = [edit.data() for edit in found.seen.edited]
    for line in target.assumed:
        call.screen.say(("assumed ", "dim"), line)
    call.screen.say(name)
    for said in warnings:
        call.screen.warn(f"warning: {said}")
    if not intents:
        call.screen.say(stop or why_not(verdict))
    else:
        why = ", ".join((verdict.reason, *verdict.changed))
        call.screen.say("found ", (state, "bold"), f"; a boot would begin ({why}), and then:")
    for number, intent in enumerate(intents, 1):
        note = f"  ({intent.note})" if intent.note else ""
        call.screen.say(f"{number:>4}. ", (f"{intent.step:<14}", "bold"), intent.subject, (note, "dim"))
    call.screen.emit(
        {
            "command": call.name,
            "exit_code": 0,
            "verdict": verdict.kind,
            "reason": verdict.reason,
            "changed": list(verdict.changed),
            "state": state,
            "steps": [{"step": i.step, "subject": i.subject, "note": i.note} for i in intents],
            "assumed": list(target.assumed),
            "edited": edited,
            "warnings": list(warnings),
        }
    )
    return 0
