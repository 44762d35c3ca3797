"""The points ledger under SIGKILL: service and primary mongod die in the middle of a load, again and again.

    python -m tests.faults.loyalty --rounds 6 --seed 1

Members earn, redeem, hold, capture, void, give and claim rewards over HTTP with keys of their own, and ask again with
the same key until they have an answer; two wallets are merged and parted all the while. In every round the service, the
primary of the three-member replica set, or both are killed and started again. Then: every acknowledged operation is in
the journal once, every wallet has what was acknowledged and nothing else, its journal replays to it, and every claim is
paid.
`service_dies` is a share of it, seconds long, over a MongoDB that lives.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.inventory.served import Served
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.times import utc_now
from services.loyalty.actions import audit, earn
from services.loyalty.claim.audit import audit_claims
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.posting.model import PointsRequest, request_key
from services.loyalty.reward.actions import create_reward
from services.loyalty.reward.model import RewardDraft, RewardKind
from services.loyalty.store import INDEXES, LoyaltyStore
from tests.faults.inventory import torment
from tests.faults.replica_set import ReplicaSet

WORKERS = 10
MEMBERS = 4
OPENING = 5_000
COST, STOCK = 25, 200
"""Of the reward that is claimed."""
RETRY_S = 0.2
QUIET_S = 90.0
SCOPES = frozenset({"points:read", "points:write"})


@dataclass(slots=True)
class Told:
    """What members were told: acknowledged entries by wallet and key, and what they moved."""

    entries: set[str] = field(default_factory=set)
    moved: Counter[CustomerId] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Client:
    """Asks one service, again with the same key until there is an answer."""

    served: Served
    told: Told
    reward_id: str

    async def do(
        self, mutation: str, wanted: str, given: Mapping[str, Any], kind: str | None = None
    ) -> dict[str, Any] | None:
        """The payload; None if it was refused."""
        kind = kind or mutation[0].upper() + mutation[1:] + "Input"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {wanted} userErrors {{ code }} }} }}"
        while True:
            try:
                answer = await self.served.ask(query, {"input": dict(given)})
                if "errors" not in answer:
                    break
            except Exception:
                await asyncio.sleep(0)
            self.told.repeated += 1
            await asyncio.sleep(RETRY_S)
        payload: dict[str, Any] = answer["data"][mutation]
        self.told.kinds[mutation if not payload["userErrors"] else payload["userErrors"][0]["code"]] += 1
        return None if payload["userErrors"] else payload

    def acknowledged(self, who: CustomerId, key: str, points: int) -> None:
        """An entry of this key moved so many points of the member's."""
        self.told.entries.add(f"{wallet_id_of(who)}/{request_key(key)}")
        self.told.moved[who] += points


async def trade(client: Client, members: list[CustomerId], number: int, random: Random, over: asyncio.Event) -> None:
    """One operation after another, until it is over; what is begun is brought to an answer."""
    turn = 0
    while not over.is_set():
        turn += 1
        key, who, points = f"w{number}-{turn}", random.choice(members), random.randint(1, 40)
        asked = {"customerId": who, "points": points, "reason": "X", "idempotencyKey": key}
        what = random.choice(["earn", "redeem", "hold", "gift", "claim"])
        if what == "earn" and await client.do("pointsEarn", "entry { id }", asked):
            client.acknowledged(who, key, points)
        elif what == "redeem" and await client.do("pointsRedeem", "entry { id }", asked):
            client.acknowledged(who, key, -points)
        elif what == "gift":
            to = random.choice([one for one in members if one != who])
            if await client.do("pointsGift", "entry { id }", {**asked, "toCustomerId": to}):
                client.acknowledged(who, key, -points)
                client.told.moved[to] += points
        elif what == "claim":
            await claim_reward(client, {"customerId": who, "rewardId": client.reward_id, "idempotencyKey": key}, random)
        elif what == "hold" and (held := await client.do("pointsHold", "hold { id }", asked)):
            client.acknowledged(who, key, 0)
            await end_hold(client, {**asked, "holdId": held["hold"]["id"]}, random)


async def end_hold(client: Client, held: Mapping[str, Any], random: Random) -> None:
    """Capture a part, or void."""
    who, key = CustomerId(held["customerId"]), f"e-{held['idempotencyKey']}"
    ending = {"customerId": who, "holdId": held["holdId"], "reason": "X", "idempotencyKey": key}
    captured = random.choice([0, random.randint(1, held["points"])])
    if captured:
        ended = await client.do("pointsCapture", "hold { state }", {**ending, "points": captured})
    else:
        ended = await client.do("pointsVoid", "hold { state }", ending)
    assert ended is not None, "a hold that was acknowledged can be ended"
    client.acknowledged(who, key, -captured)


async def claim_reward(client: Client, asked: Mapping[str, Any], random: Random) -> None:
    """Keep it, or give it back."""
    made = await client.do("rewardClaim", "claim { id state }", asked)
    if made is None:
        return
    assert made["claim"]["state"] == "CLAIMED"
    client.told.moved[CustomerId(asked["customerId"])] -= COST
    if random.random() < 0.5:
        back = await client.do(
            "rewardCancel", "claim { state }", {"claimId": made["claim"]["id"]}, "RewardClaimEndInput"
        )
        assert back == {"claim": {"state": "CANCELLED"}, "userErrors": []}
        client.told.moved[CustomerId(asked["customerId"])] += COST


async def join_and_part(client: Client, source: CustomerId, into: CustomerId, over: asyncio.Event) -> None:
    """Merge two wallets that nobody else uses, and undo it, until it is over; they end apart."""
    turn = 0
    while not over.is_set():
        turn += 1
        given = {"fromCustomerId": source, "intoCustomerId": into, "reason": "X", "idempotencyKey": f"m{turn}"}
        made = await client.do("walletMerge", "merge { id moved { points } }", given)
        assert made is not None, "they are apart"
        assert made["merge"]["moved"]["points"] == OPENING
        parted = await client.do("walletUnmerge", "merge { state }", {"mergeId": made["merge"]["id"]})
        assert parted is not None, "they were merged"


async def run(directory: Path, rounds: int, seed: int) -> list[str]:
    """What was wrong; empty if nothing was."""
    async with ReplicaSet(directory) as members:

        async def kill(served: Served, random: Random) -> None:
            await torment(members, served, random, rounds)

        return await storm(members.url, f"f{new_id('x')[2:].lower()}", seed, kill)


async def service_dies(url: str, prefix: str, seed: int) -> list[str]:
    """What was wrong after the service alone was killed once in mid-load."""

    async def kill(served: Served, random: Random) -> None:
        await asyncio.sleep(random.uniform(0.5, 1.5))
        served.kill()
        await served.start()
        await asyncio.sleep(0.5)

    return await storm(url, prefix, seed, kill)


async def storm(url: str, prefix: str, seed: int, kill: Callable[[Served, Random], Awaitable[None]]) -> list[str]:
    """Load the service while something is killed, then look what is wrong."""
    random, told = Random(seed), Told()
    customers = [CustomerId(new_id("cus")) for _ in range(MEMBERS + 2)]
    async with connect(url) as connection:
        store = LoyaltyStore(database(connection, f"{prefix}_loyalty"))
        await ensure_indexes(store.db, INDEXES)
        for who in customers:
            await earn(store, PointsRequest(who, OPENING, "OPENING", "opening"), now=utc_now())
            told.moved[who] = OPENING
        mug = RewardDraft({"en": "Mug"}, RewardKind.ARTICLE, COST, sku="MUG", stock=STOCK)
        reward = await create_reward(store, mug, "mug", actor="staff:ann", now=utc_now())
        served = Served(url, prefix, connections=WORKERS + 1, service="loyalty", scopes=SCOPES)
        try:
            await served.start()
            over, client = asyncio.Event(), Client(served, told, reward.id)
            workers = [
                asyncio.create_task(trade(client, customers[:MEMBERS], n, Random(f"{seed}-{n}"), over))
                for n in range(WORKERS)
            ]
            workers.append(asyncio.create_task(join_and_part(client, customers[-2], customers[-1], over)))
            await kill(served, random)
            over.set()
            await asyncio.gather(*workers)
            problems = await settled(store, told)
        finally:
            await served.close()
    print(f"{len(told.entries)} acknowledged ({dict(told.kinds)}), {told.repeated} asked again")
    return problems


async def settled(store: LoyaltyStore, told: Told) -> list[str]:
    """Wait until the running service has drained, then look."""
    async with asyncio.timeout(QUIET_S):
        while await store.wallets.count_documents({"outbox.0": {"$exists": True}}):
            await asyncio.sleep(0.2)
    problems = await audit(store) + await audit_claims(store)
    there = {row["_id"] async for row in store.journal.find({"_id": {"$in": sorted(told.entries)}}, {"_id": 1})}
    problems += [f"{id}: acknowledged, and not in the journal" for id in sorted(told.entries - there)]
    wallets = await store.wallets_by_id([wallet_id_of(who) for who in told.moved])
    for who, points in told.moved.items():
        wallet = wallets[wallet_id_of(who)]
        if (wallet.booked, wallet.held, wallet.debt) != (points, 0, 0):
            problems.append(f"{wallet.id}: {wallet.booked} points, {wallet.held} held; acknowledged are {points}")
    return problems


def main() -> None:
    """As a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with TemporaryDirectory() as directory:
        problems = asyncio.run(run(Path(directory), arguments.rounds, arguments.seed))
    print("\n".join(problems) or "nothing lost, nothing doubled, every wallet is its journal")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
