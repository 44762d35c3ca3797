"""How a paper takes a step: decide by one compare-and-set, then post what it moves; the sweeper posts what is left."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from kit.log import logger
from services.inventory.model import Actor, LocationId, Sku
from services.inventory.paper.model import MAX_STEPS, Command, Decision, Move, PaperT, Step, check_note, refuse
from services.inventory.paper.store import PaperStore, StepKeyTaken
from services.inventory.stock.actions import move
from services.inventory.stock.model import StockMove
from services.inventory.store import InventoryStore

log = logger(__name__)

INVENTORY = Actor(channel="inventory")
"""Who does what nobody asked for at that moment."""
STEP_ATTEMPTS = 16
"""A paper must change between the look and the write this many times in a row before we give up."""


async def take_step(
    store: InventoryStore,
    papers: PaperStore[PaperT],
    command: Command,
    decide: Callable[[PaperT], Decision[PaperT]],
) -> PaperT:
    """Take the step `decide` makes of the paper, once a key; the same key and input again returns the paper as it is.

    `decide` refuses by raising Refused; then nothing has changed and the key is free.
    """
    check_command(command)
    content = content_of(command)
    for _ in range(STEP_ATTEMPTS):
        paper = await papers.by_id(command.id)
        if paper is None:
            raise Refused(NotFound(path=("input", "id"), kind=papers.kind, id=command.id))
        known = paper.step_of(command.key)
        if known is not None:
            if known.fingerprint != content:
                raise Refused(IdempotencyKeyReused(key=command.key))
            return await post(store, papers, paper)
        if len(paper.steps) >= MAX_STEPS:
            raise Refused(InvalidInput(expected=f"at most {MAX_STEPS} steps of one document", got=str(MAX_STEPS + 1)))
        decision = decide(paper)
        try:
            kept = await papers.decide(paper, decision, step_of(command, content, decision), command.by.actor)
        except StepKeyTaken as taken:
            raise Refused(IdempotencyKeyReused(key=command.key)) from taken
        if kept is not None:
            return await post(store, papers, kept)
    raise Unavailable(f"{papers.kind} {command.id!r} changes too fast; try again")


async def open_paper(
    store: InventoryStore, papers: PaperStore[PaperT], command: Command, decision: Decision[PaperT]
) -> PaperT:
    """Keep a new paper, once a key; the same key and input again returns the one it made, as it is now."""
    check_command(command)
    content = content_of(command)
    kept = await papers.insert(decision, step_of(command, content, decision), command.by.actor)
    if kept is None:
        kept = await papers.by_key(command.key)
        known = None if kept is None else kept.step_of(command.key)
        if kept is None or known is None:
            raise Unavailable(f"{papers.kind} could not be kept; try again")
        if known.fingerprint != content or known.action != command.action:
            raise Refused(IdempotencyKeyReused(key=command.key))
    return await post(store, papers, kept)


async def post(store: InventoryStore, papers: PaperStore[PaperT], paper: PaperT) -> PaperT:
    """Make every post of the paper, each once however often this is called, and take them off its list."""
    for each in paper.pending:
        await make_move(store, each.id, each.move, each.paper_id, each.actor, each.at)
    if paper.pending:
        await papers.posted(paper)
    return replace(paper, pending=())


async def make_move(store: InventoryStore, key: str, wanted: Move, paper_id: str, actor: Actor, now: datetime) -> None:
    """Move pieces of one stock once a key, for a paper; Refused where they are not there."""
    moved = StockMove(
        key=key,
        sku=Sku(wanted.sku),
        location_id=LocationId(wanted.location_id),
        source=wanted.source,
        target=wanted.target,
        quantity=wanted.quantity,
        reason=wanted.reason,
        reference=paper_id,
    )
    await move(store, moved, actor=actor, now=now)


async def post_left_over(store: InventoryStore, papers: PaperStore[Any]) -> int:
    """Make the posts of the next batch of papers that a crash left; return how many papers there were."""
    return await each_alone(await papers.unposted(), lambda paper: post(store, papers, paper))


async def each_alone(papers: Sequence[PaperT], work: Callable[[PaperT], Awaitable[object]]) -> int:
    """Do the work of every paper, whatever becomes of the others; return how many papers there were.

    A refusal is an answer (a paper goes back to where it was); what is left half done is tried again by the next sweep.
    """
    for paper in papers:
        try:
            await work(paper)
        except (Refused, Unavailable) as error:
            log.warning("paper could not be finished", paper=paper.id, reason=str(error))
    return len(papers)


def check_command(command: Command) -> None:
    """Refused where key or note can never be taken."""
    check_key(command.key)
    refuse(check_note(command.note))


def content_of(command: Command) -> str:
    """What stands for the input that came with the key."""
    return fingerprint(command.action, command.content, command.by.actor.channel, command.note)


def step_of(command: Command, content: str, decision: Decision[PaperT]) -> Step:
    """The step as it is kept."""
    return Step(
        key=command.key,
        fingerprint=content,
        action=command.action,
        state=str(getattr(decision.after, "state", "")),
        at=command.at,
        actor=command.by.actor.name,
        note=command.note,
    )
