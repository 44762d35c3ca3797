"""Finding and identifying among many members, and bringing them in: rows a second, CPU and time of one call.

    python -m benchmarks.customer.people --members 100000

One process, a MongoDB of its own. `CPU` is this process's; MongoDB's comes on top. Look-ups go through the subgraph, as
the gateway asks them, one after another; each is logged in the access log before it is answered. Identifications go
through the action: new (a card nobody has), known (a card and a proven e-mail of one member), merging (a card of one
and an e-mail of another).
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from os import getloadavg
from random import Random
from typing import Any

from benchmarks.rates import machine, own_mongodb
from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.mongo import connect, database, ensure_indexes
from kit.subgraph import Subgraph
from services.customer.actions import import_customers
from services.customer.context import Context
from services.customer.identify.actions import identify
from services.customer.identify.model import Observation
from services.customer.identity import IdentityType
from services.customer.loaders import Loaders
from services.customer.model import CustomerDraft, ExternalId, IdentityDraft, PersonName, PostalAddress
from services.customer.schema import schema
from services.customer.store import INDEXES, CustomerStore

KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CALLS = 500
TOKEN_CALLS = 100
"""A context lives a minute."""
SHOWN = "{ id displayName spokenName phones identities { type value } }"


def member(n: int) -> CustomerDraft:
    random = Random(n)
    family, given = ("".join(random.choices(KANA, k=3)) for _ in range(2))
    return CustomerDraft(
        name=PersonName(given=given, family=family, given_kana=given, family_kana=family),
        birthday=date(1950 + n % 60, 1 + n % 12, 1 + n % 28),
        addresses=(PostalAddress("JP", "100-0001", "東京都", "千代田区", f"{n}"),),
        member_since=NOW,
        external_ids=(ExternalId("bench", f"M{n}"),),
        identities=(
            IdentityDraft(IdentityType.CARD, f"CARD{n:08}"),
            IdentityDraft(IdentityType.EMAIL, f"member{n}@example.jp", verified=True),
            IdentityDraft(IdentityType.PHONE, f"+8190{10_000_000 + n:08}"),
        ),
    )


async def timed(name: str, calls: int, work: Callable[[int], Awaitable[Any]]) -> None:
    took: list[float] = []
    cpu = time.process_time()
    for n in range(calls):
        began = time.perf_counter()
        await work(n)
        took.append(1000 * (time.perf_counter() - began))
    cpu_ms = 1000 * (time.process_time() - cpu) / calls
    cuts = statistics.quantiles(took, n=100)
    print(f"{name:<44} p50 {cuts[49]:>6.1f} ms   p99 {cuts[98]:>7.1f} ms   CPU {cpu_ms:>5.2f} ms", flush=True)


async def lookups(store: CustomerStore, members: int) -> None:
    signer = ContextSigner(b"x" * 32)
    subgraph = Subgraph("customer", schema, signer, lambda caller: Context(caller, store, Loaders(store), "JP"))
    caller = RequestContext(channel="pos", staff="s", scopes=frozenset({"customers:read"}), trace_id="t")
    random = Random(1)

    def asking(query: str, variables: Callable[[int], dict[str, Any]]) -> Callable[[int], Awaitable[Any]]:
        headers: dict[str, str] = {}

        async def ask(n: int) -> None:
            if n % TOKEN_CALLS == 0:
                headers[CONTEXT_HEADER] = signer.sign(caller)
            answer = await subgraph.execute(query, variables(random.randrange(members)), None, headers)
            assert "errors" not in answer, answer

        return ask

    by_card = f"query ($v: String) {{ customerLookup(card: $v) {SHOWN} }}"
    by_phone = f"query ($v: String) {{ customerLookup(phone: $v) {SHOWN} }}"
    by_kana = f"query ($v: String) {{ customerSearch(kana: $v) {SHOWN} }}"
    by_digits = f"query ($d: String, $v: String) {{ customerSearch(lastDigits: $d, name: $v) {SHOWN} }}"
    await timed("look-up by card", CALLS, asking(by_card, lambda n: {"v": f"CARD{n:08}"}))
    await timed("look-up by phone", CALLS, asking(by_phone, lambda n: {"v": f"090{10_000_000 + n:08}"}))

    def name_of(n: int) -> str:
        name = member(n).name
        return "" if name is None else name.family_kana or ""

    await timed("search by three kana", CALLS, asking(by_kana, lambda n: {"v": name_of(n)}))
    await timed("search by one kana, 20 found", CALLS // 5, asking(by_kana, lambda n: {"v": name_of(n)[0]}))
    digits = asking(by_digits, lambda n: {"d": f"{n % 10_000:04}", "v": name_of(n)})
    await timed("search by last digits and name", CALLS, digits)


async def identifications(store: CustomerStore, members: int) -> None:
    def see(*identities: IdentityDraft) -> Awaitable[Any]:
        observation = Observation(CustomerDraft(source="bench", identities=identities), NOW)
        return identify(store, observation, region="JP", now=NOW)

    def card(n: int) -> IdentityDraft:
        return IdentityDraft(IdentityType.CARD, f"CARD{n:08}")

    def mail(n: int) -> IdentityDraft:
        return IdentityDraft(IdentityType.EMAIL, f"member{n}@example.jp", verified=True)

    await timed("identify: known", CALLS, lambda n: see(card(n), mail(n)))
    await timed("identify: new", CALLS, lambda n: see(card(members + n)))
    await timed("identify: merging", CALLS // 5, lambda n: see(card(2 * n), mail(2 * n + 1)))


def drafts(members: int) -> Iterator[CustomerDraft]:
    return (member(n) for n in range(members))


async def run(url: str, members: int) -> None:
    async with connect(url) as client:
        db = database(client, "bench_customer")
        await ensure_indexes(db, INDEXES)
        store = CustomerStore(db, b"i" * 32, b"v" * 32)
        began, cpu = time.perf_counter(), time.process_time()
        result = await import_customers(store, drafts(members), now=NOW)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        assert result.created == members, result.refused[:1]
        print(
            f"{'import':<44}{members / seconds:>9,.0f} rows/s   CPU {1e6 * cpu_s / members:>5.0f} µs a row", flush=True
        )
        await lookups(store, members)
        await identifications(store, members)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    arguments = parser.parse_args()
    print(f"{machine()}   load {getloadavg()[0]:.1f}   {arguments.members:,} members")
    with own_mongodb() as url:
        asyncio.run(run(url, arguments.members))


if __name__ == "__main__":
    main()
