"""What all papers share in the graph: their history, what steps take, why they are refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from kit.graphql.errors import UserError, presents
from services.inventory.context import Info
from services.inventory.paper import model
from services.inventory.paper.model import By, Command, Count


@presents(model.WrongState)
@strawberry.type(description="The document is in a state in which this cannot be done.")
class WrongState(UserError):
    """See `paper.model.WrongState`."""

    kind: str = strawberry.field(description="What it is: Transfer, Fulfillment.")
    id: strawberry.ID = strawberry.field(description="Which one.")
    current_state: str = strawberry.field(description="The state it is in.")
    allowed_states: list[str] = strawberry.field(description="The states in which it could be done.")


@presents(model.WrongLocation)
@strawberry.type(description="The caller is bound to one location, and this is another's.")
class WrongLocation(UserError):
    """See `paper.model.WrongLocation`."""

    location_id: strawberry.ID = strawberry.field(description="Where it would have to be done.")
    bound_to: strawberry.ID = strawberry.field(description="Where the caller is.")


@presents(model.QuantityExceeded)
@strawberry.type(description="More was asked for than a line has left for it.")
class QuantityExceeded(UserError):
    """See `paper.model.QuantityExceeded`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    requested: int = strawberry.field(description="Pieces that were asked for.")
    allowed: int = strawberry.field(description="Pieces it could have been at most.")
    what: str = strawberry.field(description="What these are: on the way, lost, handed over.")


@presents(model.CommittedToPapers)
@strawberry.type(description="Open transfers or fulfilments have committed the pieces.")
class CommittedToPapers(UserError):
    """See `paper.model.CommittedToPapers`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    requested: int = strawberry.field(description="Pieces that were to be moved.")
    free: int = strawberry.field(description="Committed pieces that belong to no paper.")
    paper_ids: list[strawberry.ID] = strawberry.field(description="Whose the others are.")


@presents(model.ApprovalNeedsAnother)
@strawberry.type(description="Who did it may not be who approves it.")
class ApprovalNeedsAnother(UserError):
    """See `paper.model.ApprovalNeedsAnother`."""

    actor: str = strawberry.field(description="Who did it.")


@strawberry.type(description="One entry of a document's history.")
class HistoryEntry:
    """See `paper.model.Step`."""

    action: str = strawberry.field(description="What was done.")
    state: str = strawberry.field(description="The state it led to.")
    at: datetime = strawberry.field(description="When.")
    actor: str = strawberry.field(description="By whom: staff:…, customer:… or channel:….")
    note: str | None = strawberry.field(description="What they wrote beside it.")


@strawberry.input(description="Pieces of one SKU.")
class PiecesInput:
    """See `paper.model.Count`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    quantity: int = strawberry.field(description="Pieces.")


@strawberry.input(description="What every step of a document takes.")
class StepInput:
    """The base of every step's input; not in the graph itself."""

    idempotency_key: str = strawberry.field(description="The same key and input again returns the document as it is.")
    id: strawberry.ID = strawberry.field(description="Which document.")
    note: str | None = strawberry.field(default=None, description="Kept in the history.")


def history_of(paper: model.Paper) -> list[HistoryEntry]:
    """What happened to a paper, oldest first."""
    return [
        HistoryEntry(action=step.action, state=step.state, at=step.at, actor=step.actor, note=step.note)
        for step in paper.steps
    ]


def counts_of(lines: Sequence[PiecesInput]) -> tuple[Count, ...]:
    """For the model, each with its place in the input."""
    return tuple(Count(str(line.sku), line.quantity, place) for place, line in enumerate(lines))


def by_of(info: Info) -> By:
    """Who works, and where their key is bound to."""
    return By(info.context.actor, info.context.caller.location)


def command_of(info: Info, action: str, input: StepInput, *content: Any) -> Command:
    """A step of the caller's."""
    return Command(
        id=str(input.id),
        key=input.idempotency_key,
        action=action,
        by=by_of(info),
        at=info.context.caller.at,
        content=content,
        note=input.note,
    )


def opening_of(info: Info, action: str, key: str, *content: Any) -> Command:
    """The first step of a paper of the caller's."""
    return Command(id="", key=key, action=action, by=by_of(info), at=info.context.caller.at, content=content)


PAPER_ERRORS = [WrongState, WrongLocation, QuantityExceeded, CommittedToPapers, ApprovalNeedsAnother]
