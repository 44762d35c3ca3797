"""On a real MongoDB: wallets have the file's balances, again changes nothing, a later file sets the difference."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from kit.times import utc_now
from noren.delivery import Stores
from noren.imports.asked import Asked
from noren.imports.points.model import Outcome
from noren.imports.points.run import PointImport, load_into, prepare
from noren.imports.progress import showing
from noren.stores import open_stores
from services.customer.model import ExternalId
from services.loyalty.actions import audit
from services.loyalty.balances.model import REASON, Balance, Kept
from services.loyalty.balances.store import BalanceStore
from services.loyalty.merge.actions import merge
from services.loyalty.merge.model import MergeRequest
from services.loyalty.model import CustomerId, Wallet, wallet_id_of
from tests.services.loyalty.points import spend

MAPPING = """
source = "card"
[columns]
account = "card"
points = "points"
expires = "until"
[rate]
points = 1
per = 2
[expiry]
rule = "column"
"""


@pytest.fixture
async def stores(
    mongo_url: str, fresh_databases: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stores]:
    monkeypatch.setenv("NOREN_DATABASE_PREFIX", fresh_databases)
    monkeypatch.setenv("NOREN_DATA_DIR", str(tmp_path))
    async with open_stores(mongo_url) as opened:
        yield opened


async def bring(stores: Stores, tmp_path: Path, *lines: str) -> PointImport:
    (tmp_path / "card.toml").write_text(MAPPING)
    (tmp_path / "card.csv").write_text("\n".join(("card,points,until", *lines)))
    asked = Asked(tmp_path / "card.csv", str(tmp_path / "card.toml"), tmp_path / "no.csv", dry_run=False)
    prepared = prepare(asked, Console(quiet=True))
    with showing(Console(quiet=True)) as steps:
        await load_into(stores, prepared, steps)
    assert prepared.conclude(Console(quiet=True)).is_whole
    return prepared


async def id_of(stores: Stores, card: str) -> CustomerId:
    (holder,) = (await stores.customer.holders([ExternalId("card", card)])).values()
    return CustomerId(holder.id)


async def wallet_of(stores: Stores, card: str) -> Wallet:
    id = wallet_id_of(await id_of(stores, card))
    return (await stores.loyalty.wallets_by_id([id]))[id]


def moved(done: PointImport) -> tuple[int, int, int]:
    assert done.loaded is not None
    return done.loaded.added, done.loaded.taken_back, done.loaded.total


async def test_balances_come_once_whatever_happens_between(stores: Stores, tmp_path: Path) -> None:
    """One test, because opening every store takes seconds."""
    await wallets_are_brought_to_the_file_and_a_later_one_sets_the_difference(stores, tmp_path)
    await an_import_that_died_between_keeping_and_posting_is_finished_by_the_next(stores, tmp_path)
    await a_merged_customers_card_goes_on_in_the_joint_wallet(stores, tmp_path)


async def wallets_are_brought_to_the_file_and_a_later_one_sets_the_difference(stores: Stores, tmp_path: Path) -> None:
    lines = ("1,1001,", "1,200,2030-12-31", "2,50,", "3,-4,")
    assert moved(await bring(stores, tmp_path, *lines)) == (625, 0, 625)
    again = await bring(stores, tmp_path, *lines)
    assert moved(again) == (0, 0, 625)
    assert [row.outcome for row in again.rows] == [Outcome.UNCHANGED] * 3 + [Outcome.POINTS_NEGATIVE]
    assert "POINTS_NEGATIVE" in (tmp_path / "no.csv").read_text()
    first = await wallet_of(stores, "1")
    assert (first.regular_points, [lot.points for lot in first.limited]) == (500, [100])
    await spend(stores.loyalty, first.customer_id, 300)  # here, while the card goes on there
    later = await bring(stores, tmp_path, "1,1201,", "2,20,", "4,8,")
    assert moved(later) == (104, 15, 714)
    assert (await wallet_of(stores, "1")).booked == 400
    assert (await wallet_of(stores, "2")).booked == 10
    assert await audit(stores.loyalty) == []
    posted = await stores.loyalty.journal.find({"data.reason": REASON}).to_list()
    assert sum(entry["data"]["points"] for entry in posted) == 714


async def an_import_that_died_between_keeping_and_posting_is_finished_by_the_next(
    stores: Stores, tmp_path: Path
) -> None:
    await bring(stores, tmp_path, "11,100,")
    balances = BalanceStore(stores.loyalty.db)
    wanted = Balance("card", "11", await id_of(stores, "11"), 80)
    (kept,) = (await balances.find([wanted.id])).values()
    assert await balances.save([kept.brought_to(wanted)])
    assert not await balances.save([kept.brought_to(wanted)])
    assert moved(await bring(stores, tmp_path, "11,160,")) == (0, 0, 794)
    assert (await wallet_of(stores, "11")).booked == 80
    assert moved(await bring(stores, tmp_path, "11,100,")) == (0, 30, 764)


async def a_merged_customers_card_goes_on_in_the_joint_wallet(stores: Stores, tmp_path: Path) -> None:
    await bring(stores, tmp_path, "21,100,", "22,20,")
    ids = [await id_of(stores, card) for card in ("21", "22")]
    await merge(stores.loyalty, MergeRequest(ids[0], ids[1], "DUPLICATE", "k"), now=utc_now())
    assert moved(await bring(stores, tmp_path, "21,140,", "22,20,")) == (20, 0, 844)
    assert (await wallet_of(stores, "22")).booked == 80


def test_a_balance_moves_what_it_differs() -> None:
    balance = Balance("card", "1", CustomerId("cus_1"), 70)
    first = Kept(balance).brought_to(balance)
    assert (first.version, first.moved) == (1, 70)
    assert first.brought_to(balance) is first
    less = first.brought_to(Balance("card", "1", CustomerId("cus_1"), 0))
    assert less.posting is not None
    assert (less.posting.points, less.posting.kind.value) == (70, "TAKEN_BACK")
    nothing = Kept(Balance("card", "2", CustomerId("cus_1"), 0))
    assert nothing.brought_to(nothing.balance).posting is None
