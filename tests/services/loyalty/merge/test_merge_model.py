"""What moves with a wallet, and what goes back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.loyalty.merge.model import (
    MAX_MEMBERS,
    Merge,
    MergedPointsHeld,
    MergeRequest,
    MergeState,
    Parcel,
    check_merge,
    merge_refusal,
    part,
    unmerge_refusal,
    whole,
)
from services.loyalty.model import (
    MAX_BALANCE,
    CustomerId,
    Hold,
    HoldId,
    Lot,
    LotKind,
    Member,
    Share,
    Wallet,
    wallet_id_of,
)
from services.loyalty.posting.model import WalletFrozen, WalletMerged

NOW = datetime(2026, 4, 1, tzinfo=UTC)
ANNA, BEN = CustomerId("cus_anna"), CustomerId("cus_ben")
REQUEST = MergeRequest(ANNA, BEN, "DUPLICATE", "key")


def wallet(of: CustomerId, regular: int = 0, limited: tuple[Lot, ...] = (), **more: object) -> Wallet:
    values = {"regular_expires_at": NOW + timedelta(days=90), "debt": 0, "seq": 1, **more}
    booked = regular + sum(lot.points for lot in limited)
    return Wallet(wallet_id_of(of), of, regular, limited=limited, booked=booked, **values)  # type: ignore[arg-type]


def the_merge(**more: object) -> Merge:
    values = {"source_expires_at": None, "into_expires_at": None, "joined_expires_at": None, **more}
    return Merge("mrg_1", ANNA, BEN, "X", "f", MergeState.MERGED, NOW, (0, 0, 0), **values)  # type: ignore[arg-type]


def joint(parcel: Parcel, into: Wallet) -> Wallet:
    """`into` with the parcel in it, as the database's pipeline makes it."""
    return Wallet(
        into.id,
        into.customer_id,
        into.regular_points + parcel.regular,
        into.regular_expires_at,
        (*into.limited, *parcel.limited),
        into.booked + parcel.points,
        into.debt + parcel.debt,
        into.seq + 1,
        (*into.holds, *parcel.holds),
        members=(*into.members, *parcel.members),
        regular_merged=(*into.regular_merged, *parcel.regular_merged),
        debt_merged=(*into.debt_merged, *parcel.debt_merged),
    )


ORIGINS = st.sampled_from([None, "mrg_0", "mrg_00", "mrg_0/mrg_00"])
LOTS = st.builds(Lot, st.just(LotKind.LIMITED), st.integers(1, 9), st.just(NOW), ORIGINS)
HOLDS = st.builds(
    lambda lots, origin: Hold(HoldId("hld"), sum(lot.points for lot in lots), NOW, tuple(lots), origin),
    st.lists(LOTS, min_size=1, max_size=3),
    ORIGINS,
)
SHARES = st.lists(st.builds(Share, st.sampled_from(["mrg_0", "mrg_00"]), st.integers(1, 9)), max_size=2)


@given(st.integers(0, 9), SHARES, st.lists(LOTS, max_size=3), st.lists(HOLDS, max_size=2), st.integers(0, 9), SHARES)
def test_what_moves_comes_back_as_it_was(
    regular: int, shares: list[Share], lots: list[Lot], holds: list[Hold], debt: int, owed: list[Share]
) -> None:
    source = wallet(
        ANNA,
        regular + sum(share.points for share in shares),
        tuple(lots),
        regular_merged=tuple(shares),
        holds=tuple(holds),
        debt=debt + sum(share.points for share in owed),
        debt_merged=tuple(owed),
        members=(Member("mrg_0", CustomerId("cus_carl")), Member("mrg_0/mrg_00", CustomerId("cus_dora"))),
    )
    moved = whole(source, "mrg_1")
    assert (moved.points, moved.held, moved.debt) == (source.booked, source.held, source.debt)
    made = the_merge(source_expires_at=source.regular_expires_at, joined_expires_at=source.regular_expires_at)
    back = part(joint(moved, wallet(BEN, 7, debt=3)), made)
    assert back == Parcel(
        source.regular_points,
        source.regular_merged,
        source.regular_expires_at,
        source.limited,
        source.holds,
        source.debt,
        source.debt_merged,
        source.members,
    )


def test_a_merge_whose_id_begins_like_anothers_is_another() -> None:
    into = wallet(BEN, 9, regular_merged=(Share("mrg_1", 2), Share("mrg_11", 3)))
    assert part(into, the_merge()).regular == 2


def test_the_expiry_goes_back_unless_the_joint_wallet_was_used() -> None:
    before, joined, slid = NOW + timedelta(days=30), NOW + timedelta(days=90), NOW + timedelta(days=365)
    made = the_merge(source_expires_at=before, joined_expires_at=joined)
    assert part(wallet(BEN, regular_expires_at=joined), made).regular_expires_at == before
    assert part(wallet(BEN, regular_expires_at=slid), made).regular_expires_at == slid


def test_a_merge_needs_two_customers_and_words() -> None:
    wrong = MergeRequest(CustomerId("anna"), BEN, "", "key")
    assert [one.path for one in check_merge(wrong)] == [("input", "fromCustomerId"), ("input", "reason")]
    assert [one.path for one in check_merge(MergeRequest(ANNA, ANNA, "X", "key"))] == [("input", "intoCustomerId")]
    assert check_merge(REQUEST) == []


def test_merged_and_frozen_wallets_refuse_and_so_does_what_would_not_fit() -> None:
    def refusal(source: Wallet, into: Wallet) -> object:
        return merge_refusal(REQUEST, {source.id: source, into.id: into})

    assert refusal(wallet(ANNA, 5), wallet(BEN, 5)) is None
    away = refusal(wallet(ANNA, merged_into=wallet_id_of(BEN)), wallet(BEN))
    assert isinstance(away, WalletMerged)
    assert away.into == "wal_ben"
    assert isinstance(refusal(wallet(ANNA), wallet(BEN, frozen_at=NOW)), WalletFrozen)
    too_rich = refusal(wallet(ANNA, MAX_BALANCE), wallet(BEN, 1))
    assert getattr(too_rich, "got", None) == str(MAX_BALANCE + 1)
    crowd = tuple(Member(f"mrg_{n}", CustomerId(f"cus_{n}")) for n in range(MAX_MEMBERS))
    assert getattr(refusal(wallet(ANNA), wallet(BEN, members=crowd)), "got", None) == str(MAX_MEMBERS + 1)


def test_points_held_since_keep_the_wallets_together_and_holds_that_came_along_do_not() -> None:
    lots = (Lot(LotKind.REGULAR, 3, NOW, "mrg_1"),)
    came, begun = Hold(HoldId("hld_a"), 3, NOW, lots, "mrg_1"), Hold(HoldId("hld_b"), 3, NOW, lots)
    assert unmerge_refusal(the_merge(), wallet(BEN, holds=(came,))) is None
    refusal = unmerge_refusal(the_merge(), wallet(BEN, holds=(came, begun)))
    assert isinstance(refusal, MergedPointsHeld)
    assert refusal.hold_ids == ("hld_b",)
