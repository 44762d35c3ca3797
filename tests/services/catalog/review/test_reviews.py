"""Reviews: one a customer and product, read by staff, and stars that are always the published reviews'."""

import asyncio
import csv
import random
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from kit.errors import Forbidden, InvalidInput, NotFound, Refusal, Refused, VersionConflict
from kit.events import EventLog
from kit.events.log import Position
from kit.pages import PageArgs
from services.catalog.events import drainers
from services.catalog.model import ExternalRef
from services.catalog.moderation.model import AlreadyWritten, Moderation, Reason, Verdict
from services.catalog.product.actions import import_products, upsert_product
from services.catalog.product.model import Product
from services.catalog.review.actions import (
    Seen,
    answer_review,
    edit_review,
    import_reviews,
    moderate_review,
    submit_review,
    vote_review,
)
from services.catalog.review.counting import audit, settle
from services.catalog.review.model import Author, ImportedReview, Review, ReviewDraft, ReviewSort, Standing
from services.catalog.review.store import REVIEW_PUBLISHED
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import NOW, draft

PUBLISH, REJECT = Verdict(Moderation.PUBLISHED), Verdict(Moderation.REJECTED, Reason.SPAM, "a robot")
REAL = Path(__file__).with_name("womens_clothing.csv")
"""80 rows of 'Women's E-Commerce Clothing Reviews' (CC0 as published), with its empty titles and bodies."""


@pytest.fixture
async def mug(store: CatalogStore) -> Product:
    return await upsert_product(store, draft(), None, now=NOW)


async def write(store: CatalogStore, product: Product, customer: str, rating: int = 5) -> Review:
    return await submit_review(store, product, Author(customer, "web"), ReviewDraft(rating, "Nice"), now=NOW)


async def published(store: CatalogStore, product: Product, customer: str, rating: int = 5) -> Review:
    review = await write(store, product, customer, rating)
    return await moderate_review(store, Seen(review.id, 1), PUBLISH, now=NOW)


async def stars(store: CatalogStore, product: Product) -> tuple[int, ...]:
    while await settle(store.review, store.standing):
        pass
    known = await store.standing.by_product([product.id])
    return known[product.id].standing.stars if product.id in known else Standing().stars


async def refusals(action: Awaitable[object]) -> list[Refusal]:
    with pytest.raises(Refused) as refused:
        await action
    return list(refused.value.refusals)


async def test_only_published_reviews_are_counted_and_shown(store: CatalogStore, mug: Product) -> None:
    review = await write(store, mug, "cus_1", 4)
    assert await stars(store, mug) == (0, 0, 0, 0, 0)

    review = await moderate_review(store, Seen(review.id, 1), PUBLISH, now=NOW)
    assert await stars(store, mug) == (0, 0, 0, 1, 0)

    review = await edit_review(store, Seen(review.id, 2), "cus_1", ReviewDraft(2, "Broke"), now=NOW)
    assert review.verdict.state is Moderation.PENDING
    assert await stars(store, mug) == (0, 0, 0, 0, 0)

    review = await moderate_review(store, Seen(review.id, 3), PUBLISH, now=NOW)
    assert await stars(store, mug) == (0, 1, 0, 0, 0)

    await moderate_review(store, Seen(review.id, 4), REJECT, now=NOW)
    assert await stars(store, mug) == (0, 0, 0, 0, 0)
    assert (await store.review.page(mug.id, ReviewSort.NEWEST, None, PageArgs())).nodes == []


async def test_a_second_review_somebody_elses_and_an_old_version_are_refused(store: CatalogStore, mug: Product) -> None:
    review = await write(store, mug, "cus_1")

    assert await refusals(write(store, mug, "cus_1")) == [
        AlreadyWritten(path=("input", "productId"), review_id=review.id)
    ]
    with pytest.raises(Forbidden):
        await edit_review(store, Seen(review.id, 1), "cus_2", ReviewDraft(1), now=NOW)
    await moderate_review(store, Seen(review.id, 1), PUBLISH, now=NOW)
    late = moderate_review(store, Seen(review.id, 1), REJECT, now=NOW)
    assert await refusals(late) == [VersionConflict(expected_version=1, actual_version=2)]
    assert await refusals(moderate_review(store, Seen("rev_0", 1), PUBLISH, now=NOW)) == [
        NotFound(path=("input", "id"), kind="Review", id="rev_0")
    ]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (ReviewDraft(0), "rating"), (ReviewDraft(6), "rating"), (ReviewDraft(5, " "), "title"),
        (ReviewDraft(5, body="x" * 5_001), "body"), (ReviewDraft(5, media=("http://x.example/a.jpg",)), "media.0"),
        (ReviewDraft(5, media=("https://x.example/a.jpg", "https://[")), "media.1"),
        (ReviewDraft(5, media=("https://x.example",) * 11), "media"),
    ],
)  # fmt: skip
async def test_what_cannot_be_kept(store: CatalogStore, mug: Product, given: ReviewDraft, path: str) -> None:
    (refusal,) = await refusals(submit_review(store, mug, Author("cus_1"), given, now=NOW))

    assert isinstance(refusal, InvalidInput)
    assert ".".join(refusal.path[1:]) == path


async def test_a_verdict_has_a_reason_if_it_is_a_rejection(store: CatalogStore, mug: Product) -> None:
    review = await write(store, mug, "cus_1")

    for verdict in (
        Verdict(Moderation.REJECTED),
        Verdict(Moderation.PUBLISHED, Reason.FAKE),
        Verdict(Moderation.PENDING),
    ):
        assert len(await refusals(moderate_review(store, Seen(review.id, 1), verdict, now=NOW))) == 1


async def test_a_customer_votes_once_and_not_for_oneself(store: CatalogStore, mug: Product) -> None:
    review = await published(store, mug, "cus_1")

    votes = await asyncio.gather(*(vote_review(store, review.id, f"cus_{n % 8 + 2}", helpful=True) for n in range(64)))
    assert max(vote.helpful for vote in votes) == 8
    await asyncio.gather(*(vote_review(store, review.id, "cus_2", helpful=False) for _ in range(8)))
    assert (await store.review.by_id([review.id]))[review.id].helpful == 7
    assert len(await refusals(vote_review(store, review.id, "cus_1", helpful=True))) == 1
    pending = await write(store, mug, "cus_9")
    assert len(await refusals(vote_review(store, pending.id, "cus_2", helpful=True))) == 1


async def test_the_merchant_answers_and_takes_it_back(store: CatalogStore, mug: Product) -> None:
    review = await published(store, mug, "cus_1")

    review = await answer_review(store, Seen(review.id, 2), "Thank you", "stf_1", now=NOW)
    assert review.answer is not None
    assert (review.answer.body, review.verdict.state) == ("Thank you", Moderation.PUBLISHED)
    assert (await answer_review(store, Seen(review.id, 3), " ", "stf_1", now=NOW)).answer is None


async def test_pages_in_every_order(store: CatalogStore, mug: Product) -> None:
    made = [await published(store, mug, f"cus_{n}", 1 + n % 5) for n in range(9)]
    for n, review in enumerate(made):
        for voter in range(n % 3):
            await vote_review(store, review.id, f"voter_{voter}", helpful=True)

    async def ids(sort: ReviewSort, rating: int | None = None) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while True:
            page = await store.review.page(mug.id, sort, rating, PageArgs.parse(2, after))
            found += [review.id for review in page.nodes]
            if not page.has_next:
                return found
            after = page.cursors[-1]

    by_rating = {review.id: review.draft.rating for review in made}
    assert [by_rating[id] for id in await ids(ReviewSort.BEST)] == [5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [by_rating[id] for id in await ids(ReviewSort.WORST)] == [1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert await ids(ReviewSort.NEWEST) == sorted(by_rating, reverse=True)
    assert set((await ids(ReviewSort.HELPFUL))[:3]) == {made[n].id for n in (2, 5, 8)}
    assert len(await ids(ReviewSort.NEWEST, 4)) == 2


async def test_a_publication_is_told(store: CatalogStore, event_log: EventLog, mug: Product) -> None:
    review = await published(store, mug, "cus_1")
    for drainer in drainers(store, event_log):
        await drainer.drain()

    (told,) = [event async for event, _ in event_log.backlog([REVIEW_PUBLISHED], Position())]
    data = {"reviewId": review.id, "version": 2, "customerId": "cus_1", "productId": mug.id}
    assert (told.subject, told.data) == (review.id, data)


async def test_64_writers_and_counters_that_die_leave_the_stars_of_the_published_reviews(store: CatalogStore) -> None:
    """Everything that changes stars, at once, on three products, while counters are killed at any of their calls."""
    rng = random.Random(17)
    products = [await upsert_product(store, draft(slug), None, now=NOW) for slug in ("a", "b", "c")]
    stopped = asyncio.Event()

    async def writer(number: int) -> None:
        product = products[number % 3]
        review = await write(store, product, f"cus_{number}", rng.randint(1, 5))
        for _ in range(rng.randint(1, 5)):
            seen = Seen(review.id, review.version)
            verdict = rng.choice([PUBLISH, PUBLISH, REJECT])
            act: Callable[[], Awaitable[Review]] = rng.choice([
                lambda s=seen, v=verdict: moderate_review(store, s, v, now=NOW),
                lambda s=seen, n=number: edit_review(store, s, f"cus_{n}", ReviewDraft(rng.randint(1, 5)), now=NOW),
            ])  # fmt: skip
            with suppress(Refused):
                review = await act()

    async def killed_counter() -> None:
        while not stopped.is_set():
            counting = asyncio.create_task(settle(store.review, store.standing))
            await asyncio.wait([counting], timeout=rng.uniform(0.001, 0.05))
            counting.cancel()
            with suppress(asyncio.CancelledError):
                await counting

    counters = [asyncio.create_task(killed_counter()) for _ in range(3)]
    await asyncio.gather(*(writer(number) for number in range(64)))
    stopped.set()
    await asyncio.gather(*counters)

    assert await audit(store.review, store.standing) == []
    for product in products:
        rows = store.review.reviews.find({"product_id": product.id, "state": "published"})
        ratings = Tally([row["rating"] async for row in rows])
        assert await stars(store, product) == tuple(ratings[star] for star in range(1, 6))
    assert await store.review.uncounted(10) == []


async def test_an_audit_finds_what_is_wrong(store: CatalogStore, mug: Product) -> None:
    await published(store, mug, "cus_1", 3)
    assert await audit(store.review, store.standing) == []
    await store.standing.standings.update_one({"_id": mug.id}, {"$set": {"stars": [9, 0, 0, 0, 0]}})

    (wrong,) = await audit(store.review, store.standing)
    assert (wrong.kept.stars, wrong.counted.stars) == ((9, 0, 0, 0, 0), (0, 0, 1, 0, 0))


async def test_real_reviews_are_imported_once(store: CatalogStore) -> None:
    with REAL.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    rows = [
        ImportedReview(
            external=ExternalRef("womens-clothing", line[""]),
            slug=f"clothing-{line['Clothing ID']}",
            draft=ReviewDraft(int(line["Rating"]), line["Title"] or None, line["Review Text"]),
            created_at=NOW - timedelta(minutes=number),
            helpful=int(line["Positive Feedback Count"]),
        )
        for number, line in enumerate(lines)
    ]
    slugs = sorted({row.slug for row in rows})
    await import_products(store, [draft(slug) for slug in slugs[1:]], now=NOW)
    missing = [number for number, row in enumerate(rows) if row.slug == slugs[0]]

    first = await import_reviews(store, rows, now=NOW)
    again = await import_reviews(store, rows, now=NOW)

    assert (first.added, sorted(first.refused)) == (len(rows) - len(missing), missing)
    assert (again.added, sorted(again.refused)) == (0, missing)
    assert await audit(store.review, store.standing) == []
    products = await store.product.by_slug(slugs)
    known = await store.standing.by_product([product.id for product in products.values()])
    assert sum(one.standing.count for one in known.values()) == first.added
    assert sum(not row.draft.body for row in rows) > 0
