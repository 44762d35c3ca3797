"""What postings ask, as values that one update reads for many wallets. A part of the store.

An update's stages depend on a posting's `Shape` only; what is its own, such as its key and its points, lies in `asked`,
which the update finds by the wallet's id. So the database reads and plans the stages once for all wallets of a group,
which costs it more than carrying them out.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kit.mongo import Document
from services.loyalty.model import EntryKind, LotKind
from services.loyalty.posting.closing import facts_of, literal
from services.loyalty.posting.model import Posting, Seen, Tally


class Shape(NamedTuple):
    """What postings that one update makes have in common."""

    kind: EntryKind
    only: LotKind | None
    is_limited: bool
    is_merged: bool
    is_bounded: bool
    is_timed: bool
    gives_regular: bool
    tallies: tuple[Tally, ...]


def shape_of(posting: Posting) -> Shape:
    """All that the stages of this posting depend on besides its values."""
    return Shape(
        kind=posting.kind,
        only=posting.only,
        is_limited=posting.expires_at is not None,
        is_merged=posting.origin is not None,
        is_bounded=posting.day_limit is not None,
        is_timed=posting.before is not None,
        gives_regular=posting.kind is EntryKind.REFUNDED and any(lot.kind is LotKind.REGULAR for lot in posting.lots),
        tallies=posting.tallies,
    )


def rounds(postings: Sequence[Posting]) -> list[list[Posting]]:
    """Groups of one shape, each wallet at most once in one, and each wallet's postings in their order."""
    count: dict[str, int] = {}
    groups: dict[tuple[int, Shape], list[Posting]] = {}
    for posting in postings:
        number = count[posting.wallet_id] = count.get(posting.wallet_id, -1) + 1
        groups.setdefault((number, shape_of(posting)), []).append(posting)
    return [groups[place] for place in sorted(groups, key=lambda place: place[0])]


def asked_of(postings: Sequence[Posting], seen: Mapping[str, Seen], window: int) -> Document:
    """The expression that finds what is asked of a wallet, which may have gone on by `window` since it was seen."""
    values = [_values(posting, seen[posting.wallet_id], window) for posting in postings]
    if len(values) == 1:
        return literal(values[0])
    places = {"$indexOfArray": [literal([posting.wallet_id for posting in postings]), "$_id"]}
    return {"$arrayElemAt": [literal(values), places]}


def _values(posting: Posting, seen: Seen, window: int) -> Document:
    about = posting.reference
    own = {
        "expires_at": posting.expires_at,
        "origin": posting.origin,
        "hold_id": about.hold_id,
        "hold_s": posting.hold_s,
        "day_limit": posting.day_limit,
        "before": posting.before,
        "lots": [_lot(lot.kind, lot.points, lot.expires_at, lot.origin) for lot in posting.lots] or None,
    }
    return {
        "id": posting.id,
        "key": posting.window_key,
        "last_seq": seen.seq + window,
        "left_by": seen.left_by,
        "points": posting.points,
        "facts": facts_of(posting.reason, about, posting.rule_version, posting.fingerprint, posting.actor),
        **{name: value for name, value in own.items() if value is not None},
    }


def _lot(kind: LotKind, points: int, expires_at: object, origin: str | None) -> Document:
    lot: Document = {"kind": kind, "points": points, "expires_at": expires_at}
    return lot if origin is None else {**lot, "origin": origin}
