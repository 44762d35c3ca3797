"""A wave: the pieces of many fulfilments of one location, one line a SKU, in the order of the shelves. No I/O.

    PLANNING ──→ OPEN ⇄ CLAIMED ──→ DONE

While it is PLANNING, fulfilments join it one by one; who does not (picked or called off meanwhile) is left out. A
picker claims it and confirms it line by line; what a line found is shared out to its fulfilments, oldest first
(`handing`), and missing pieces are looked for elsewhere by them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.fulfillment.model import Fulfillment
from services.inventory.model import MAX_QUANTITY, check_sku
from services.inventory.paper.model import (
    By,
    Decision,
    Paper,
    QuantityExceeded,
    Told,
    need_location,
    need_state,
    no_such_line,
    refuse,
)

KIND = "Wave"
LINES: Path = ("input", "lines")
MAX_FULFILLMENTS = 50
"""Fulfilments of a wave: as many boxes as a trolley carries, twice over."""
DEFAULT_FULFILLMENTS = 20
MAX_BIN = 32
"""Characters of a shelf's name."""
MAX_BINS = 500
"""Shelves named at once."""


class WaveState(StrEnum):
    """Where a wave is in its life."""

    PLANNING = "PLANNING"
    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Share:
    """Pieces of a line for one fulfilment."""

    fulfillment_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class WaveLine:
    """Pieces of one SKU for the whole wave; `bin` is the shelf, if it is known; None picked: not confirmed yet."""

    sku: str
    bin: str | None
    shares: tuple[Share, ...]
    picked: int | None = None
    damaged: int = 0

    @property
    def quantity(self) -> int:
        """All that is to be fetched."""
        return sum(share.quantity for share in self.shares)

    @property
    def short(self) -> int:
        """Pieces that were not there."""
        return 0 if self.picked is None else self.quantity - self.picked - self.damaged


@dataclass(frozen=True, slots=True)
class Handed:
    """What a confirmed line has for one fulfilment."""

    fulfillment_id: str
    sku: str
    picked: int
    short: int
    damaged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave(Paper):
    """A wave as it is kept; `handing` is what fulfilments may not have been told yet."""

    location_id: str
    state: WaveState
    fulfillment_ids: tuple[str, ...]
    lines: tuple[WaveLine, ...] = ()
    picker: str | None = None
    handing: tuple[Handed, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a picker found of one line, all of it: the rest of its quantity was not there."""

    sku: str
    picked: int
    damaged: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class BinOf:
    """On which shelf a SKU lies."""

    sku: str
    bin: str | None
    place: int = 0


def check_bins(bins: Sequence[BinOf]) -> list[Refusal]:
    """Every reason why these shelves can never be taken."""
    if not 1 <= len(bins) <= MAX_BINS:
        return [InvalidInput(path=LINES, expected=f"1 to {MAX_BINS} lines", got=str(len(bins)))]
    problems: list[Refusal] = []
    for each in bins:
        path = (*LINES, str(each.place))
        problems += check_sku(each.sku, (*path, "sku"))
        if each.bin is not None and not (1 <= len(each.bin) <= MAX_BIN and each.bin.isprintable() and each.bin.strip()):
            expected = f"1 to {MAX_BIN} printable characters"
            problems.append(InvalidInput(path=(*path, "bin"), expected=expected, got=repr(each.bin[:MAX_BIN])))
    return problems


def check_size(fulfillments: int) -> list[Refusal]:
    """What is wrong with the number of fulfilments."""
    if 1 <= fulfillments <= MAX_FULFILLMENTS:
        return []
    path = ("input", "fulfillments")
    return [InvalidInput(path=path, expected=f"1 to {MAX_FULFILLMENTS}", got=str(fulfillments))]


def plan(id: str, location_id: str, fulfillment_ids: Sequence[str], by: By, at: datetime) -> Decision[Wave]:
    """A new wave that these are to join."""
    need_location(by, location_id, ("input", "locationId"))
    wave = Wave(
        id=id,
        created_at=at,
        updated_at=at,
        location_id=location_id,
        state=WaveState.PLANNING,
        fulfillment_ids=tuple(fulfillment_ids),
    )
    return Decision(wave)


def begin(wave: Wave, joined: Sequence[Fulfillment], bins: Mapping[str, str]) -> Decision[Wave]:
    """Everybody who could has joined: one line a SKU, in the order of the shelves; with nobody it is done."""
    need_state(KIND, wave, wave.state, WaveState.PLANNING)
    shares: dict[str, list[Share]] = {}
    for fulfillment in joined:
        for line in fulfillment.lines:
            if line.unpicked:
                shares.setdefault(line.sku, []).append(Share(fulfillment.id, line.unpicked))
    lines = sorted(
        (WaveLine(sku, bins.get(sku), tuple(of_it)) for sku, of_it in shares.items()),
        key=lambda line: (line.bin is None, natural(line.bin or ""), line.sku),
    )
    ids = tuple(fulfillment.id for fulfillment in joined)
    state = WaveState.OPEN if lines else WaveState.DONE
    return _told(replace(wave, state=state, lines=tuple(lines), fulfillment_ids=ids), "wave_opened")


def claim(wave: Wave, by: By) -> Decision[Wave]:
    """A picker takes it; nobody else can then."""
    need_location(by, wave.location_id)
    need_state(KIND, wave, wave.state, WaveState.OPEN)
    return _told(replace(wave, state=WaveState.CLAIMED, picker=by.actor.name), "wave_claimed")


def release(wave: Wave, by: By) -> Decision[Wave]:
    """The picker gives it back as far as it is; another may go on."""
    need_location(by, wave.location_id)
    need_state(KIND, wave, wave.state, WaveState.CLAIMED)
    return _told(replace(wave, state=WaveState.OPEN, picker=None), "wave_released")


def confirm(wave: Wave, found: Sequence[Confirmed], by: By) -> Decision[Wave]:
    """Lines the picker has fetched; each is confirmed once, and what of it was not found is short."""
    need_location(by, wave.location_id)
    need_state(KIND, wave, wave.state, WaveState.CLAIMED)
    open_lines = {line.sku: line for line in wave.lines if line.picked is None}
    refuse(_check(found) or _beyond(found, open_lines))
    by_sku = {each.sku: each for each in found}
    lines = tuple(
        replace(line, picked=by_sku[line.sku].picked, damaged=by_sku[line.sku].damaged) if line.sku in by_sku else line
        for line in wave.lines
    )
    handing = [handed for line in lines if line.sku in by_sku for handed in share_out(line)]
    done = all(line.picked is not None for line in lines)
    state = WaveState.DONE if done else WaveState.CLAIMED
    after = replace(wave, lines=lines, state=state, handing=(*wave.handing, *handing))
    return _told(after, "wave_done") if done else Decision(after)


def handed_over(wave: Wave, told: Sequence[Handed]) -> Decision[Wave]:
    """These fulfilments know what was found for them."""
    return Decision(replace(wave, handing=tuple(each for each in wave.handing if each not in told)))


def share_out(line: WaveLine) -> list[Handed]:
    """What was found of a line, to its fulfilments in their order: whole pieces first, then damaged, then missing."""
    found, damaged = line.picked or 0, line.damaged
    handed = []
    for share in line.shares:
        good = min(found, share.quantity)
        bad = min(damaged, share.quantity - good)
        found, damaged = found - good, damaged - bad
        handed.append(Handed(share.fulfillment_id, line.sku, good, share.quantity - good - bad, bad))
    return handed


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """The order of shelves as people walk past them: A2 before A10."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name.upper())
    return tuple((0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part) for part in parts)


def _check(found: Sequence[Confirmed]) -> list[Refusal]:
    problems: list[Refusal] = []
    for each in found:
        for name, value in (("picked", each.picked), ("damaged", each.damaged)):
            if not 0 <= value <= MAX_QUANTITY:
                path = (*LINES, str(each.place), name)
                problems.append(InvalidInput(path=path, expected=f"0 to {MAX_QUANTITY}", got=str(value)))
    if not found or len({each.sku for each in found}) < len(found):
        problems.append(InvalidInput(path=LINES, expected="at least one line, every SKU once", got=str(len(found))))
    return problems


def _beyond(found: Sequence[Confirmed], open_lines: Mapping[str, WaveLine]) -> list[Refusal]:
    problems: list[Refusal] = []
    for each in found:
        path = (*LINES, str(each.place))
        line = open_lines.get(each.sku)
        if line is None:
            problems.append(no_such_line(each.sku, (*path, "sku")))
        elif each.picked + each.damaged > line.quantity:
            problems.append(
                QuantityExceeded(
                    path=path,
                    sku=each.sku,
                    requested=each.picked + each.damaged,
                    allowed=line.quantity,
                    what="are to be fetched",
                )
            )
    return problems


def _told(wave: Wave, name: str) -> Decision[Wave]:
    data: dict[str, Any] = {
        "waveId": wave.id,
        "locationId": wave.location_id,
        "state": wave.state.value,
        "picker": wave.picker,
        "fulfillmentIds": list(wave.fulfillment_ids),
        "lines": [
            {"sku": line.sku, "bin": line.bin, "quantity": line.quantity, "picked": line.picked, "short": line.short}
            for line in wave.lines
        ],
    }
    return Decision(wave, (), [Told(name, data)])
