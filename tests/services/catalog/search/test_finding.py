"""What a shopper types, and what is found, in an order a shopper expects."""

import pytest

from kit.errors import BadUserInput, Unavailable
from kit.pages import PageArgs
from services.catalog.category.actions import create_category
from services.catalog.model import PriceEntry
from services.catalog.product.actions import import_products
from services.catalog.product.model import Option, ProductDraft
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import Narrow, Order
from services.catalog.search.reader import Ask
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Index
from tests.services.catalog.search.conftest import Find
from tests.services.catalog.shop import NOW, draft, variant


def clothes(slug: str, name: str, colors: tuple[str, ...] = (), minor: int = 1_000, **values: object) -> ProductDraft:
    variants = tuple(
        variant(f"{slug}-{i}".upper(), {"色": color}, prices=(PriceEntry("EUR", minor),))
        for i, color in enumerate(colors)
    )
    options = (Option("色", colors),) if colors else ()
    made = draft(slug, names={"ja": name}, options=options, **values)
    return (
        made
        if not variants
        else ProductDraft(**{**{f: getattr(made, f) for f in made.__slots__}, "variants": variants})
    )


@pytest.fixture
async def shop(store: CatalogStore, index: Index) -> None:
    tops = await create_category(store, "tops", {"ja": "トップス", "en": "Tops"}, now=NOW)
    await import_products(
        store,
        [
            clothes("long-blue", "メンズ 長袖シャツ", ("ブルー", "ホワイト"), 3_000, category_ids=(tops.id,)),
            clothes("long-red", "長袖シャツ", ("レッド",), 2_000, category_ids=(tops.id,)),
            clothes("short-blue", "半袖Tシャツ", ("青",), 1_000, brand="髙島屋"),
            clothes("mug", "マグカップ", descriptions={"ja": "青い空のような一杯を。長袖シャツには似合わない。"}),
            clothes("beer", "ビールジョッキ"),
            clothes("aoyama", "青山の傘"),
            clothes("building", "ビル模型"),
            clothes("server", "サーバーラック", brand="Élan"),
            draft("road", names={"en": "Road bikes", "ja": "ロードバイク"}, descriptions={"en": "Fast. Not a shirt."}),
            draft("shirt-en", names={"en": "Mountain shirt"}, brand="Mountain"),
            draft("shirt-big", names={"en": "Shirt"}),
        ],
        now=NOW,
    )
    await index()


FOUND = {
    "長袖 しゃつ 青": ["long-blue", "mug"],
    "ながそで": [],
    "長袖ｼｬﾂ": ["long-blue", "long-red", "mug"],
    "ロングスリーブ シャツ": ["long-blue", "long-red", "mug"],
    "blue shirt": ["long-blue", "mug", "short-blue"],
    "Tシャツ": ["short-blue"],
    "ｔ－しゃつ": ["short-blue"],
    "高島屋": ["short-blue"],
    "ビール": ["beer"],
    "ビル": ["building"],
    "サーバ": ["server"],
    "サーバー": ["server"],
    "elan": ["server"],
    "トップス レッド": ["long-red"],
    "tops": ["long-blue", "long-red"],
    "LONG-BLUE-1": ["long-blue"],
    "ｌｏｎｇ－ｂｌｕｅ－1": ["long-blue"],
    "ろーど": ["road"],
    "空": ["mug"],
    "青": ["long-blue", "mug", "short-blue"],
    "山": ["aoyama"],
    "ョ": ["beer"],
    "shirt": ["long-blue", "long-red", "mug", "road", "shirt-big", "shirt-en", "short-blue"],
}


@pytest.mark.usefixtures("shop")
async def test_what_is_found(find: Find) -> None:
    assert {text: sorted(await find(text)) for text in FOUND} == FOUND


@pytest.mark.usefixtures("shop")
async def test_whole_names_come_before_words_in_names_before_words_elsewhere(find: Find) -> None:
    found = await find("shirt")

    assert found[0] == "shirt-big"
    assert set(found[1:5]) == {"shirt-en", "long-blue", "long-red", "short-blue"}
    assert set(found[5:]) == {"mug", "road"}
    assert (await find("長袖シャツ"))[0] == "long-red"


FORGIVEN = {
    "長袖シャツ青": ("split", {"long-blue", "mug"}),
    "しゃつぶるー": ("split", {"long-blue", "short-blue", "mug"}),
    "mountian": ("loose", {"shirt-en"}),
    "マグカッブ": ("loose", {"mug"}),
    "サーバーラツク": ("loose", {"server"}),
    "mountain zeppelin": ("partial", {"shirt-en"}),
    "zzzzzz": ("exact", set()),
    "!?": ("exact", set()),
}


@pytest.mark.usefixtures("shop")
async def test_a_search_forgives_only_where_nothing_is_found(engine: SearchEngine, find: Find) -> None:
    got = {}
    for text in FORGIVEN:
        page = engine.reader.page(Ask(Narrow("web"), text), PageArgs())
        got[text] = (page.mode.value, set(await find(text)))

    assert got == FORGIVEN


@pytest.mark.usefixtures("shop")
async def test_every_page_size_gives_the_same_order(find: Find) -> None:
    for order in Order:
        for text in ("", "シャツ", "shirt"):
            whole = await find(text, order=order)
            assert len(set(whole)) == len(whole) > 2
            for size in (1, 2, 3, 7):
                assert await find(text, order=order, size=size) == whole, (order, text, size)


@pytest.mark.usefixtures("shop")
async def test_orders(find: Find) -> None:
    priced = [slug for slug in await find(order=Order.PRICE_LOW) if slug.startswith(("long", "short"))]
    assert priced == ["short-blue", "long-red", "long-blue"]
    assert [s for s in await find(order=Order.PRICE_HIGH) if s in priced] == priced[::-1]
    assert await find("zzzzzz", order=Order.NAME) == []
    assert [s for s in await find(order=Order.NAME) if s in ("shirt-en", "road", "shirt-big")] == [
        "shirt-en", "road", "shirt-big",
    ]  # fmt: skip


@pytest.mark.usefixtures("shop")
async def test_unpriced_products_come_last_both_ways(store: CatalogStore, find: Find, index: Index) -> None:
    await import_products(store, [draft("free", variants=(variant("FREE"),))], now=NOW)
    await index()

    assert (await find(order=Order.PRICE_LOW))[-1] == "free"
    assert (await find(order=Order.PRICE_HIGH))[-1] == "free"


@pytest.mark.usefixtures("shop")
def test_suggestions_and_corrections(engine: SearchEngine) -> None:
    reader = engine.reader

    def suggested(prefix: str) -> set[str]:
        return set(reader.suggestions(Narrow("web"), prefix, 10))

    assert suggested("長袖") == {"長袖シャツ", "メンズ 長袖シャツ"}
    assert suggested("ﾏｸﾞ") == {"マグカップ"}
    assert suggested("b") == {"Road bikes"}
    assert suggested("") == suggested("zz") == suggested("ながそ") == set()
    assert reader.correction(Narrow("web"), "mountian shrit") == "mountain shirt"
    assert reader.correction(Narrow("web"), "mountain shirt") is None


@pytest.mark.usefixtures("shop")
def test_a_cursor_of_another_list_is_refused(engine: SearchEngine) -> None:
    for cursor in ("x", "W10", "WyJyZWxldmFuY2UiXQ", "WyJwcmljZV9sb3ciLCJleGFjdCIsMCwiMSIsImEiXQ"):
        with pytest.raises(BadUserInput, match="after"):
            engine.reader.page(Ask(Narrow("web")), PageArgs.parse(20, cursor))


def test_without_an_index_a_search_says_so(engine: SearchEngine) -> None:
    with pytest.raises(Unavailable, match="being built"):
        _ = engine.reader
