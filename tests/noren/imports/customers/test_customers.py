"""Five files of one shop's members, each as its source writes them, become the people they are of."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.identity.files import write
from benchmarks.identity.people import Known, generate
from kit.mongo import Database, ensure_indexes
from kit.times import utc_now
from noren.imports.asked import Asked
from noren.imports.customers.model import Outcome, Remark
from noren.imports.customers.run import CustomerImport, load_into, open_candidates, prepare
from noren.imports.progress import showing
from services.customer.identify.actions import identify
from services.customer.identity import IdentityType, derive_key
from services.customer.store import INDEXES, CustomerStore

RECORDS = 100
QUIET = Console(quiet=True)
SMALL = """
source = "card-desk"
verified = ["email"]
[columns]
id = "no"
name = "name"
email = ["mail", "mail2"]
phone = "tel"
birthday = "born"
"""
HEAD = "no,name,mail,mail2,tel,born\n"


@pytest.fixture
async def store(db: Database) -> CustomerStore:
    await ensure_indexes(db, INDEXES)
    return CustomerStore(db, derive_key(b"a secret for tests only"), b"v" * 32)


async def bring(store: CustomerStore, file: Path, mapping: Path, report: Path) -> CustomerImport:
    prepared = prepare(Asked(file, str(mapping), report, dry_run=False), QUIET)
    with showing(QUIET) as steps:
        await load_into(store, prepared, steps)
    prepared.conclude(QUIET)
    return prepared


async def small(store: CustomerStore, tmp_path: Path, *lines: str) -> CustomerImport:
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "small.csv").write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return await bring(store, tmp_path / "small.csv", tmp_path / "small.toml", tmp_path / "no.csv")


def ends(done: CustomerImport) -> list[str]:
    return [str(row.outcome) for row in done.rows]


async def test_a_row_is_somebody_new_somebody_known_or_proves_two_to_be_one(
    store: CustomerStore, tmp_path: Path
) -> None:
    first = await small(store, tmp_path, "1,髙橋 花子,hanako@example.jp,,,", "2,鈴木 一郎,,,090-1234-5678,S60.4.1")
    again = await small(store, tmp_path, "1,髙橋 花子,hanako@example.jp,,,", "3,髙橋 花子,ichi@example.jp,,,")
    joins = await small(store, tmp_path, "3,髙橋 花子,hanako@example.jp,,,")

    assert ends(first) == ["CREATED", "CREATED"]
    assert ends(again) == ["MATCHED", "CREATED"]
    assert ends(joins) == ["MERGED"]


async def test_what_cannot_be_kept_is_left_out_and_told(store: CustomerStore, tmp_path: Path) -> None:
    done = await small(
        store,
        tmp_path,
        "1,髙橋 花子,null,,12345,昭和64年4月1日",
        ",鈴木 一郎,test@,,,",
        ",,,,,",
        ",佐藤 次郎,,,,1990-01-01",
        "1,髙橋 花子,null,,12345,昭和64年4月1日",
        "5,山田",
    )

    assert ends(done) == ["CREATED", "CUSTOMER_REFUSED", "ROW_EMPTY", "NOBODY", "DUPLICATE", "CELLS_UNEVEN"]
    assert done.rows[0].remarks >= {Remark.IDENTITY_LEFT_OUT, Remark.BIRTHDAY_LEFT_OUT}
    listed = (tmp_path / "no.csv").read_text(encoding="utf-8")
    assert len(listed.splitlines()) == 1 + 5
    assert "鈴木" not in listed


async def test_a_phone_two_have_makes_a_candidate_and_merges_nobody(store: CustomerStore, tmp_path: Path) -> None:
    done = await small(store, tmp_path, "1,髙橋 花子,,,090-1234-5678,", "2,髙橋 一郎,,,09012345678,")

    assert ends(done) == ["CREATED", "CREATED"]
    assert await open_candidates(store) == 1


async def test_five_files_in_any_order_and_one_row_at_a_time_make_the_same_people(
    store: CustomerStore, tmp_path: Path
) -> None:
    known = generate(RECORDS, seed=3)
    files = write(known, tmp_path)

    outcomes = Counter[str]()
    for file, mapping in files.values():
        outcomes.update(ends(await bring(store, file, mapping, tmp_path / "no.csv")))
    people = await partition(store, known)
    again = [ends(await bring(store, *pair, tmp_path / "no.csv")) for pair in files.values()]
    for name in await store.db.list_collection_names():
        await store.db[name].delete_many({})
    for file, mapping in reversed(list(files.values())):
        for row in prepare(Asked(file, str(mapping), None, dry_run=True), QUIET).rows:
            assert row.seen is not None
            await identify(store, row.seen, region="JP", now=utc_now())

    assert outcomes.keys() <= {Outcome.CREATED, Outcome.MATCHED, Outcome.MERGED}
    assert outcomes.total() == len(known)
    assert {end for file in again for end in file} == {"MATCHED"}
    assert await partition(store, known) == people
    truth = {one.id: one.person for one in known}
    assert all(len({truth[id] for id in group}) == 1 for group in people), "nobody is two people"
    by_mail = defaultdict(set)
    for one in known:
        if one.source in ("web", "newsletter"):
            by_mail[one.person].add(one.id)
    assert all(any(ids <= group for group in people) for ids in by_mail.values()), "one proven mailbox, one person"


async def holder_of(store: CustomerStore, one: Known) -> str:
    """The customer of the first identifier of a record."""
    match one.source:
        case "newsletter":
            key = store.claims.key(IdentityType.EMAIL, str(one.email))
        case "line":
            key = store.claims.key(IdentityType.LINE, f"U{one.person:032x}")
        case source:
            key = store.claims.key(IdentityType.EXTERNAL, f"{source}:{one.id}")
    profile = await store.claims.holder(key)
    assert profile is not None
    return (await store.customers_by_id([profile]))[profile].id


async def partition(store: CustomerStore, known: list[Known]) -> set[frozenset[str]]:
    """Which records are of one customer."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for one in known:
        groups[await holder_of(store, one)].add(one.id)
    return {frozenset(group) for group in groups.values()}
