"""Moves a demo's clock the way time passes: timer by timer, each at its own instant, then to where it is wanted."""

from datetime import datetime

from engine.commands.clock import SetDemoClock
from engine.domain.actor import Actor
from engine.runtime import Engine
from web import bootstrap
from web.config import Config

MAX_STEPS = 2000  # a leap over more timers than this jumps the rest


def leap(engine: Engine, config: Config, moment: datetime, *, by: Actor) -> int:
    """Returns how many timers and jobs were done. Raises Refused outside a demo, Rejected for a moment that is past."""
    if moment < engine.read.now():
        engine.execute(SetDemoClock(moment, engine.clock.now()), by=by)  # says why not
    worker = bootstrap.make_worker(engine, bootstrap.handlers(config))
    done = 0
    for _ in range(MAX_STEPS):
        due = engine.read.next_due_at()
        if due is None or due > moment:
            break
        engine.execute(SetDemoClock(max(due, engine.read.now()), engine.clock.now()), by=by)
        done += worker.run_until_idle()
    engine.execute(SetDemoClock(max(moment, engine.read.now()), engine.clock.now()), by=by)
    return done + worker.run_until_idle()
