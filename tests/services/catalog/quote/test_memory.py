"""What is kept of SKUs, and for how long."""

from dataclasses import replace

from services.catalog.offer.model import EVERYWHERE
from services.catalog.pricing.model import base_price
from services.catalog.quote.memory import MAX_KNOWN, TRUST_S, Known, Memory
from services.catalog.quote.model import Item

MUG = Known(Item("MUG", "prd_mug", (base_price("EUR", 1_000, None),), ()), EVERYWHERE)
CUP = Known(Item("CUP", "prd_mug", (base_price("EUR", 300, None),), ()), EVERYWHERE)
BOWL = Known(Item("BOWL", "prd_bowl", (base_price("EUR", 900, None),), ()), EVERYWHERE)
ALL = {"MUG": MUG, "CUP": CUP, "BOWL": BOWL}


def kept() -> Memory:
    memory = Memory()
    memory.heard(0.0)
    memory.keep(memory.begin(), ALL)
    return memory


def found(memory: Memory, now: float = 0.0) -> set[str]:
    return set(memory.find(["MUG", "CUP", "BOWL", "NONE"], now))


def test_what_was_read_is_found_as_long_as_somebody_follows_the_changes() -> None:
    memory = kept()
    assert memory.find(["MUG", "NONE"], TRUST_S) == {"MUG": MUG}
    assert found(memory, TRUST_S + 0.01) == set()
    memory.heard(5.0)
    memory.heard(4.0)
    assert found(memory, 5.0 + TRUST_S) == set(ALL)


def test_nothing_is_found_where_nobody_follows() -> None:
    memory = Memory()
    memory.keep(memory.begin(), ALL)
    assert found(memory) == set()


def test_a_changed_sku_goes_alone_and_a_changed_product_with_all_its_skus() -> None:
    memory = kept()
    memory.forget(skus=["CUP", "NONE"])
    assert found(memory) == {"MUG", "BOWL"}
    memory = kept()
    memory.forget(products=["prd_mug", "prd_none"])
    assert found(memory) == {"BOWL"}


def test_a_reading_that_was_overtaken_by_a_change_is_not_kept() -> None:
    memory = Memory()
    memory.heard(0.0)
    by_sku, by_product, whole = memory.begin(), memory.begin(), memory.begin()
    memory.forget(skus=["BOWL"])
    memory.keep(by_sku, ALL)
    assert found(memory) == {"MUG", "CUP"}
    memory.forget(products=["prd_mug"])
    memory.keep(by_product, ALL)
    assert found(memory) == set()
    memory.forget_all()
    memory.keep(whole, ALL)
    assert found(memory) == set()
    memory.keep(memory.begin(), ALL)
    assert found(memory) == set(ALL)


def test_a_reading_that_failed_is_no_longer_told_of_changes() -> None:
    memory = kept()
    reading = memory.begin()
    memory.drop(reading)
    memory.drop(reading)
    memory.forget(skus=["MUG"])
    assert reading.skus == set()


def test_who_loses_the_changes_forgets_everything() -> None:
    memory = kept()
    memory.lose()
    assert found(memory) == set()
    memory.heard(1.0)
    assert found(memory, 1.0) == set()


def test_a_sku_that_moved_to_another_product_is_forgotten_with_that_one() -> None:
    memory = kept()
    moved = replace(MUG, item=replace(MUG.item, product_id="prd_new"))
    memory.keep(memory.begin(), {"MUG": moved})
    memory.forget(products=["prd_mug"])
    assert memory.find(["MUG"], 0.0) == {"MUG": moved}
    memory.forget(products=["prd_new"])
    assert found(memory) == {"BOWL"}


def test_the_oldest_go_first() -> None:
    memory = kept()
    memory.keep(
        memory.begin(), {f"S{n}": replace(MUG, item=replace(MUG.item, sku=f"S{n}")) for n in range(MAX_KNOWN - 1)}
    )
    assert found(memory) == {"BOWL"}
    assert len(memory.find([f"S{n}" for n in range(MAX_KNOWN)], 0.0)) == MAX_KNOWN - 1
