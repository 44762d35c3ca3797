"""Many buyers of few pieces at one moment: exactly as many are sold as there are, the others hear it with the facts.

    python -m benchmarks.inventory.buyers

The service runs in a process of its own and is asked over HTTP; every buyer has a connection, all begin at once.
"""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks.inventory.bench import fill, opened_at
from benchmarks.inventory.served import STOCK, Served
from benchmarks.rates import machine, own_mongodb
from kit.ids import new_id
from services.inventory.actions import audit

CHANNELS = ("web", "app", "pos", "kiosk")


@dataclass(frozen=True, slots=True)
class Bought:
    """What one buyer was told, after how long."""

    sold: bool
    has_facts: bool
    seconds: float


async def rush(served: Served, location: str, sku: str, buyers: int, channels: int) -> list[Bought]:
    """Every buyer wants one piece, all at once."""
    go = asyncio.Event()

    async def buyer(n: int) -> Bought:
        await go.wait()
        began = time.perf_counter()
        line = {"sku": sku, "locationId": location, "quantity": 1}
        payload = await served.reserve(f"{sku}-{n}", [line], CHANNELS[n % channels])
        facts = [each for each in payload["userErrors"] if each.get("requested") == 1 and each["available"] is not None]
        return Bought(payload["reservation"] is not None, bool(facts), time.perf_counter() - began)

    tasks = [asyncio.create_task(buyer(n)) for n in range(buyers)]
    await asyncio.sleep(0)
    go.set()
    return await asyncio.gather(*tasks)


async def run(url: str) -> None:
    """The three rushes."""
    prefix = f"b{new_id('x')[2:].lower()}"
    async with opened_at(url, prefix) as (store, location):
        served = Served(url, prefix, connections=200)
        try:
            await served.start()
            await fill(store, location, ["WARM"], 1_000_000)
            await rush(served, location, "WARM", 200, 4)  # connections open, code warm: as in the middle of a day
            for pieces, buyers, channels in ((50, 200, 1), (20, 224, 1), (50, 1_000, 4)):
                sku = f"S{pieces}-{buyers}"
                await fill(store, location, [sku], pieces)
                began = time.perf_counter()
                bought = await rush(served, location, sku, buyers, channels)
                took = time.perf_counter() - began
                told = Counter("sold" if each.sold else "refused" for each in bought)
                half = statistics.median(each.seconds for each in bought)
                with_facts = all(each.sold or each.has_facts for each in bought)
                print(
                    f"{buyers:>5} buyers of {pieces} pieces over {channels} channel(s): sold {told['sold']}, "
                    f"refused {told['refused']} (all with the facts: {with_facts}); "
                    f"all told in {took:.2f} s, half of them in {half:.2f} s"
                )
                assert told["sold"] == pieces
                await every_channel_sees(served, sku, pieces)
            assert await audit(store) == [], "the books must hold"
        finally:
            await served.close()


async def every_channel_sees(served: Served, sku: str, sold: int) -> None:
    """What was acknowledged is read back on every channel at once."""
    for channel in CHANNELS:
        answer = await served.ask(STOCK, {"of": [{"__typename": "Variant", "sku": sku}]}, channel)
        (level,) = answer["data"]["_entities"][0]["stock"]["nodes"]
        assert level == {"onHand": sold, "available": 0, "reserved": sold}, level


def main() -> None:
    """As a command."""
    print(machine())
    with own_mongodb() as url:
        asyncio.run(run(url))


if __name__ == "__main__":
    main()
