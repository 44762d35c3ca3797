"""Whatever is moved, in whatever order and by however many: the tree is a tree, and products are where it says."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kit.errors import Refused
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.pages import PageArgs
from services.catalog.category.actions import archive_category, create_category, move_category
from services.catalog.category.model import MAX_CATEGORY_DEPTH, Category, CategoryId
from services.catalog.category.refiling import BATCH, LINGER, refile_due
from services.catalog.product.actions import ProductEdit, import_products, upsert_product
from services.catalog.store import INDEXES, CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft

EXAMPLES = 5
STEPS = 12


async def make(store: CatalogStore, slug: str, parent: Category | None = None, position: int = 0) -> Category:
    return await create_category(store, slug, {"en": slug}, parent.id if parent else None, position, now=NOW)


async def tree(store: CatalogStore) -> list[Category]:
    listed: list[Category] = []
    after: str | None = None
    while True:
        page = await store.category.page(PageArgs.parse(100, after))
        listed += page.nodes
        if not page.has_next:
            return listed
        after = page.cursors[-1]


async def contradictions(store: CatalogStore) -> list[str]:
    """What in the stored tree does not follow from parents, positions and archived marks."""
    kept = {one.id: one for one in await tree(store)}
    wrong: list[str] = []
    for one in kept.values():
        above: list[Category] = [one]
        while above[0].parent_id is not None and len(above) <= len(kept):
            above.insert(0, kept[above[0].parent_id])
        if one.path != tuple(node.id for node in above):
            wrong.append(f"{one.slug}: path {one.path}")
        if one.is_hidden != any(node.is_archived for node in above):
            wrong.append(f"{one.slug}: hidden {one.is_hidden}")
        if len(one.path) > MAX_CATEGORY_DEPTH:
            wrong.append(f"{one.slug}: {len(one.path)} levels")
    order = sorted(kept.values(), key=lambda one: [(kept[id].position, kept[id].slug) for id in one.path])
    if [one.id for one in order] != list(kept):
        wrong.append("order")
    async for row in store.product.products.find({}):
        path = sorted({id for category in row["category_ids"] for id in kept[category].path})
        if row["category_path"] != path:
            wrong.append(f"{row['slug']}: category_path")
    return wrong


class TreeMachine(RuleBasedStateMachine):
    """A tree is grown, cut and moved about; a dictionary of parents is what it must be."""

    loop: asyncio.AbstractEventLoop
    store: CatalogStore
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.parents: dict[str, str | None] = {}
        self.products = 0

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        for name in ("products", "categories", "refilings"):
            self.run(self.store.db[name].delete_many({}))

    def line(self, id: str | None) -> list[str]:
        found: list[str] = []
        while id is not None:
            found.append(id)
            id = self.parents[id]
        return found

    @rule(target=made, parent=st.none() | made, position=st.integers(0, 2))
    def grow(self, parent: str | None, position: int) -> str:
        slug = f"c{len(self.parents)}"
        if len(self.line(parent)) >= MAX_CATEGORY_DEPTH:
            parent = None
        id: str = self.run(create_category(self.store, slug, {"en": slug}, parent, position, now=NOW)).id
        self.parents[id] = parent
        return id

    @rule(id=made, parent=st.none() | made, position=st.integers(0, 2))
    def move(self, id: str, parent: str | None, position: int) -> None:
        version = self.run(self.store.category.by_id([id]))[id].version
        height = max(len(self.line(one)) for one in self.parents if id in self.line(one)) - len(self.line(id)) + 1
        allowed = id not in self.line(parent) and len(self.line(parent)) + height <= MAX_CATEGORY_DEPTH
        try:
            self.run(move_category(self.store, id, parent, position, version, now=NOW))
        except Refused:
            assert not allowed
        else:
            assert allowed
            self.parents[id] = parent

    @rule(id=made, archived=st.booleans())
    def archive(self, id: str, archived: bool) -> None:
        version = self.run(self.store.category.by_id([id]))[id].version
        self.run(archive_category(self.store, id, archived, version, now=NOW))

    @rule(ids=st.lists(made, min_size=1, max_size=2, unique=True))
    def file(self, ids: list[str]) -> None:
        self.products += 1
        wanted = draft(f"p{self.products}", category_ids=tuple(CategoryId(id) for id in ids))
        self.run(upsert_product(self.store, wanted, None, now=NOW))

    @invariant()
    def is_the_models(self) -> None:
        self.run(refile_due(self.store, now=NOW + timedelta(hours=1)))
        assert {one.id: one.parent_id for one in self.run(tree(self.store))} == self.parents
        assert self.run(contradictions(self.store)) == []


def test_the_tree_is_what_a_dictionary_of_parents_says(mongo_url: str) -> None:
    loop = asyncio.new_event_loop()
    client = connect(mongo_url)
    db = database(client, f"t{new_id('x')[2:].lower()}")
    machine = type("Machine", (TreeMachine,), {"loop": loop, "store": CatalogStore(db)})
    bounds = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    try:
        loop.run_until_complete(ensure_indexes(db, INDEXES))
        run_state_machine_as_test(machine, settings=bounds)
    finally:
        loop.run_until_complete(client.drop_database(db.name))
        loop.run_until_complete(client.close())
        loop.close()


async def test_moves_at_once_never_make_a_cycle(store: CatalogStore) -> None:
    nodes = [await make(store, f"c{number}") for number in range(6)]

    async def put_below(index: int) -> str:
        below = nodes[(index + 1) % len(nodes)]
        try:
            await move_category(store, nodes[index].id, below.id, 0, 1, now=NOW)
        except Refused as refused:
            return refused.refusals[0].code
        return "moved"

    ends = await asyncio.gather(*(put_below(index) for index in range(len(nodes))))

    assert sorted(ends) == ["INVALID_INPUT"] + ["moved"] * 5  # six arrows in a ring: one had to be refused
    assert await contradictions(store) == []


async def test_products_follow_after_a_crash_in_the_middle(
    store: CatalogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, cups = await make(store, "old"), await make(store, "new"), await make(store, "cups")
    cups = await move_category(store, cups.id, old.id, 0, 1, now=NOW - timedelta(hours=1))
    await import_products(
        store, [draft(f"p{number}", category_ids=(cups.id,)) for number in range(BATCH + 20)], now=NOW
    )
    await refile_due(store, now=NOW)

    await move_category(store, cups.id, new.id, 0, cups.version, now=NOW)
    real, calls = store.product.refile, 0

    async def dies(changes: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return await real(changes)

    monkeypatch.setattr(store.product, "refile", dies)
    with pytest.raises(KeyboardInterrupt):
        await refile_due(store, now=NOW)
    monkeypatch.undo()

    assert await store.product.products.count_documents({"category_path": new.id}) == BATCH
    assert await refile_due(store, now=NOW) == 20
    assert await contradictions(store) == []


async def test_an_edit_that_read_the_old_tree_is_caught_while_the_note_lingers(store: CatalogStore) -> None:
    old, new = await make(store, "old"), await make(store, "new")
    cups = await create_category(store, "cups", {"en": "Cups"}, old.id, now=NOW)
    mug = await upsert_product(store, draft("mug", category_ids=(cups.id,)), None, now=NOW)
    await move_category(store, cups.id, new.id, 0, cups.version, now=NOW)
    assert await refile_due(store, now=NOW) == 1

    await store.product.products.update_one({"_id": mug.id}, {"$set": {"category_path": sorted([old.id, cups.id])}})

    assert await refile_due(store, now=NOW) == 0  # not due again so soon
    assert await refile_due(store, now=NOW + LINGER / 2) == 1
    assert await refile_due(store, now=NOW + 2 * LINGER) == 0
    assert await store.category.refilings(NOW + 9 * LINGER) == []
    assert await contradictions(store) == []
    assert (await upsert_product(store, mug.draft, ProductEdit(mug.id, 1), now=NOW)).version == 2


async def test_shoppers_do_not_see_what_is_archived_or_below_it(store: CatalogStore, ask: Ask) -> None:
    root = await make(store, "root")
    cups = await create_category(store, "cups", {"en": "Cups"}, root.id, now=NOW)
    await upsert_product(store, draft("mug", category_ids=(cups.id,)), None, now=NOW)
    archive = """mutation($input: CategoryArchiveInput!) { categoryArchive(input: $input) {
      category { isHidden version } userErrors { code } } }"""
    query = """{ categories { nodes { slug } } category(slug: "cups") { slug }
      product(slug: "mug") { categories { slug } } }"""

    done = await ask(archive, {"input": {"id": root.id, "expectedVersion": 1}}, scopes="catalog:write")
    assert done["data"]["categoryArchive"] == {"category": {"isHidden": True, "version": 2}, "userErrors": []}

    shopper, staff = (await ask(query))["data"], (await ask(query, scopes="catalog:read"))["data"]
    assert shopper == {"categories": {"nodes": []}, "category": None, "product": {"categories": []}}
    assert [one["slug"] for one in staff["categories"]["nodes"]] == ["root", "cups"]
    assert staff["category"]
    assert staff["product"]["categories"]

    await archive_category(store, root.id, False, 2, now=NOW)
    assert (await ask(query))["data"] == staff


async def test_a_move_says_why_it_is_refused(store: CatalogStore, ask: Ask) -> None:
    move = """mutation($input: CategoryMoveInput!) { categoryMove(input: $input) {
      category { slug position path { slug } } userErrors { code path } } }"""
    root, leaf = await make(store, "root"), await make(store, "leaf")

    async def moved(**input: Any) -> Any:
        return (await ask(move, {"input": input}, scopes="catalog:write"))["data"]["categoryMove"]

    good = await moved(id=leaf.id, parentId=root.id, position=3, expectedVersion=1)
    assert good["category"] == {"slug": "leaf", "position": 3, "path": [{"slug": "root"}, {"slug": "leaf"}]}
    for input, code, path in [
        ({"id": root.id, "parentId": leaf.id, "expectedVersion": 1}, "INVALID_INPUT", "parentId"),
        ({"id": root.id, "parentId": root.id, "expectedVersion": 1}, "INVALID_INPUT", "parentId"),
        ({"id": leaf.id, "expectedVersion": 1}, "VERSION_CONFLICT", "expectedVersion"),
        ({"id": "cat_none", "expectedVersion": 1}, "NOT_FOUND", "id"),
        ({"id": leaf.id, "parentId": "cat_none", "expectedVersion": 2}, "NOT_FOUND", "parentId"),
        ({"id": leaf.id, "position": -1, "expectedVersion": 2}, "INVALID_INPUT", "position"),
    ]:
        refused = await moved(**input)
        assert [(one["code"], one["path"]) for one in refused["userErrors"]] == [(code, ["input", path])]
    assert await contradictions(store) == []
