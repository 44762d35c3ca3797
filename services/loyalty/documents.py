"""Wallets and entries as they lie in MongoDB, and back. A part of the store; asks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kit.mongo import Document
from services.loyalty.model import (
    Account,
    Books,
    CustomerId,
    Entry,
    EntryKind,
    Hold,
    HoldId,
    Lot,
    LotKind,
    Member,
    Movement,
    Reference,
    Share,
    Step,
    Wallet,
    wallet_id_of,
)

STEP_FIELDS = ("seq", "postings", "balanceAfter", "heldAfter", "debtAfter")
"""Of an entry's data, what `step_of` reads."""
BOOK_FIELDS: Document = dict.fromkeys(
    ("seq", "regular_points", "booked", "debt", "limited.points", "regular_merged.points", "debt_merged.points"), 1
)
BOOK_FIELDS |= dict.fromkeys(("holds.id", "holds.points", "holds.lots.points"), 1)
"""Of a wallet, what `books_of` reads."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry and its wallet, as it was when it was read after the entry: others may have gone on meanwhile."""

    wallet: Wallet
    entry: Entry


def new_wallet(customer_id: CustomerId, opened_at: datetime) -> Document:
    """A wallet without points."""
    return {
        "_id": wallet_id_of(customer_id),
        "customer_id": customer_id,
        "regular_points": 0,
        "regular_expires_at": None,
        "limited": [],
        "booked": 0,
        "next_expiry_at": None,
        "holds": [],
        "next_hold_end_at": None,
        "next_notice_at": None,
        "debt": 0,
        "frozen_at": None,
        "seq": 0,
        "keys": [],
        "outbox": [],
        "opened_at": opened_at,
    }


def wallet_from(document: Document) -> Wallet:
    """A wallet of its document, with or without its history."""
    return Wallet(
        id=document["_id"],
        customer_id=document["customer_id"],
        regular_points=document["regular_points"],
        regular_expires_at=document["regular_expires_at"],
        limited=tuple(
            Lot(LotKind.LIMITED, lot["points"], lot["expires_at"], lot.get("origin")) for lot in document["limited"]
        ),
        booked=document["booked"],
        debt=document["debt"],
        seq=document["seq"],
        holds=tuple(_hold(hold) for hold in document.get("holds", ())),
        frozen_at=document.get("frozen_at"),
        merged_into=document.get("merged_into"),
        left_by=document.get("left_by"),
        members=tuple(Member(one["path"], one["customer_id"]) for one in document.get("merges", ())),
        regular_merged=_shares(document.get("regular_merged", ())),
        debt_merged=_shares(document.get("debt_merged", ())),
    )


def _shares(documents: Sequence[Document]) -> tuple[Share, ...]:
    return tuple(Share(one["origin"], one["points"]) for one in documents)


def _hold(document: Document) -> Hold:
    lots = tuple(
        Lot(LotKind(lot["kind"]), lot["points"], lot["expires_at"], lot.get("origin")) for lot in document["lots"]
    )
    return Hold(HoldId(document["id"]), document["points"], document["until"], lots, document.get("origin"))


def entry_of(row: Document) -> Entry:
    """From an outbox, where the id is `id`, or from the journal, which has `id` too.

    Entries made before there were holds, refunds and gifts lack what those brought.
    """
    data = row["data"]
    about = data["reference"]
    reference = Reference(
        order_id=about["orderId"],
        return_id=about["returnId"],
        note=about["note"],
        hold_id=about.get("holdId"),
        counterparty=about.get("counterparty"),
        refunds=about.get("refunds"),
        merge_id=about.get("mergeId"),
    )
    return Entry(
        id=row["id"],
        wallet_id=data["walletId"],
        seq=data["seq"],
        kind=EntryKind(data["kind"]),
        at=row["time"],
        points=data["points"],
        balance_after=data["balanceAfter"],
        debt_after=data["debtAfter"],
        movements=tuple(Movement(Account(m["account"]), m["points"]) for m in data["postings"]),
        reason=data["reason"],
        reference=reference,
        rule_version=data["ruleVersion"],
        fingerprint=data["fingerprint"],
        held_after=data.get("heldAfter", 0),
        taken=tuple(
            Lot(LotKind(lot["kind"]), lot["points"], lot["expiresAt"], lot.get("origin"))
            for lot in data.get("taken", ())
        ),
        actor=data.get("actor"),
    )


def books_of(document: Document) -> Books:
    """Of a wallet, what an audit looks at; `BOOK_FIELDS` has it all."""
    holds = tuple(
        (hold["id"], hold["points"], sum([lot["points"] for lot in hold["lots"]])) for hold in document.get("holds", ())
    )
    regular, debt = document["regular_points"], document["debt"]
    shares: tuple[tuple[str, int, int], ...] = ()
    if "regular_merged" in document or "debt_merged" in document:
        brought = [sum([one["points"] for one in document.get(f"{name}_merged", ())]) for name in ("regular", "debt")]
        shares = (("regular", regular, brought[0]), ("debt", debt, brought[1]))
    limited = document["limited"]
    return Books(
        document["_id"],
        document["seq"],
        regular + sum([lot["points"] for lot in limited]) if limited else regular,
        document["booked"],
        sum([hold[1] for hold in holds]) if holds else 0,
        debt,
        holds,
        shares,
    )


def step_of(data: Document) -> Step:
    """Of an entry, what an audit looks at."""
    wallet = held = debt = total = 0
    for posting in data["postings"]:
        account, points = posting["account"], posting["points"]
        total += points
        if account == "wallet":
            wallet += points
        elif account == "held":
            held += points
        elif account == "debt":
            debt += points
    held_after = data.get("heldAfter", 0)
    return Step(data["seq"], wallet, held, debt, total, data["balanceAfter"], held_after, data["debtAfter"])
