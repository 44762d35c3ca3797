"""Catalog's store: the stores of its nouns over one database, and all their indexes."""

from collections.abc import Callable, Mapping, Sequence

from pymongo import IndexModel

from kit.mongo import Database
from services.catalog.attribute.store import INDEXES as ATTRIBUTE_INDEXES
from services.catalog.attribute.store import AttributeStore
from services.catalog.availability.store import INDEXES as AVAILABILITY_INDEXES
from services.catalog.availability.store import AvailabilityStore
from services.catalog.bulk.store import INDEXES as BULK_INDEXES
from services.catalog.bulk.store import BulkStore
from services.catalog.bundle.store import INDEXES as BUNDLE_INDEXES
from services.catalog.bundle.store import BundleStore
from services.catalog.category.store import COLLECTION as CATEGORIES
from services.catalog.category.store import INDEXES as CATEGORY_INDEXES
from services.catalog.category.store import CategoryStore
from services.catalog.channel.store import INDEXES as CHANNEL_INDEXES
from services.catalog.channel.store import ChannelStore
from services.catalog.collection.store import COLLECTION as COLLECTIONS
from services.catalog.collection.store import INDEXES as COLLECTION_INDEXES
from services.catalog.collection.store import CollectionStore
from services.catalog.coupon.store import COUPONS, CouponStore
from services.catalog.coupon.store import INDEXES as COUPON_INDEXES
from services.catalog.design.store import CUSTOMIZATIONS, DESIGNS, DesignStore
from services.catalog.design.store import INDEXES as DESIGN_INDEXES
from services.catalog.pricing.store import BOOKS, PricingStore
from services.catalog.pricing.store import INDEXES as PRICING_INDEXES
from services.catalog.product.store import COLLECTION as PRODUCTS
from services.catalog.product.store import INDEXES as PRODUCT_INDEXES
from services.catalog.product.store import ProductStore
from services.catalog.promotion.store import COLLECTION as PROMOTIONS
from services.catalog.promotion.store import INDEXES as PROMOTION_INDEXES
from services.catalog.promotion.store import PromotionStore
from services.catalog.purchase.store import INDEXES as PURCHASE_INDEXES
from services.catalog.purchase.store import PurchaseStore
from services.catalog.question.store import COLLECTION as QUESTIONS
from services.catalog.question.store import INDEXES as QUESTION_INDEXES
from services.catalog.question.store import QuestionStore
from services.catalog.quote.keys import Keys
from services.catalog.quote.store import QuoteStore
from services.catalog.redemption.store import COLLECTION as REDEMPTIONS
from services.catalog.redemption.store import INDEXES as REDEMPTION_INDEXES
from services.catalog.redemption.store import RedemptionStore
from services.catalog.review.store import COLLECTION as REVIEWS
from services.catalog.review.store import INDEXES as REVIEW_INDEXES
from services.catalog.review.store import ReviewStore
from services.catalog.reward.store import RewardCouponStore
from services.catalog.search.store import INDEXES as SEARCH_INDEXES
from services.catalog.search.store import SearchStore
from services.catalog.shopper.store import INDEXES as SHOPPER_INDEXES
from services.catalog.shopper.store import ShopperStore
from services.catalog.standing.store import COLLECTION as STANDINGS
from services.catalog.standing.store import StandingStore

JOURNAL = "journal"
TELLING = (
    PRODUCTS,
    BOOKS,
    PROMOTIONS,
    REVIEWS,
    QUESTIONS,
    REDEMPTIONS,
    CATEGORIES,
    COLLECTIONS,
    CUSTOMIZATIONS,
    DESIGNS,
    COUPONS,
)
"""The collections whose documents have outboxes, the products' first."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    **PRODUCT_INDEXES,
    **CATEGORY_INDEXES,
    **CHANNEL_INDEXES,
    **AVAILABILITY_INDEXES,
    **SEARCH_INDEXES,
    **PURCHASE_INDEXES,
    **REVIEW_INDEXES,
    **QUESTION_INDEXES,
    STANDINGS: [],
    **PRICING_INDEXES,
    **PROMOTION_INDEXES,
    **COUPON_INDEXES,
    **REDEMPTION_INDEXES,
    **SHOPPER_INDEXES,
    **ATTRIBUTE_INDEXES,
    **BUNDLE_INDEXES,
    **BULK_INDEXES,
    **DESIGN_INDEXES,
    **COLLECTION_INDEXES,
    JOURNAL: [],
}


class CatalogStore:
    """`secret` is what codes of coupons and signatures of quotes are made with; without one, there are neither.

    `on_change` is called after every write that left an event; the drainers put themselves there.
    """

    def __init__(self, db: Database, secret: bytes | None = None) -> None:
        self.db = db
        self._keys = None if secret is None else Keys.of(secret)
        self.on_change: Callable[[], None] = lambda: None
        self.product = ProductStore(db, self._changed)
        self.category = CategoryStore(db, self._changed)
        self.channel = ChannelStore(db)
        self.availability = AvailabilityStore(db)
        self.search = SearchStore(db)
        self.standing = StandingStore(db)
        self.purchase = PurchaseStore(db, self.standing)
        self.review = ReviewStore(db, self._changed)
        self.question = QuestionStore(db, self._changed)
        self.pricing = PricingStore(db, self._changed)
        self.promotion = PromotionStore(db, self._changed)
        self.collection = CollectionStore(db, self._changed)
        self.quote = QuoteStore(db, self.pricing, self.promotion, self.collection)
        self.product.on_write = self.quote.forget_products
        self.pricing.on_book = self.quote.forget_book
        self.pricing.on_policy = self.promotion.on_write = self.collection.on_write = self.quote.forget
        self.shopper = ShopperStore(db)
        self.attribute = AttributeStore(db)
        self.bundle = BundleStore(db)
        self.bulk = BulkStore(db)
        self.design = DesignStore(db, self._changed)
        self.coupon = CouponStore(db)
        self.reward = RewardCouponStore(db, self._changed)
        self.redemption = RedemptionStore(db, self._changed)
        self.journal = db[JOURNAL]
        self.outboxes = tuple(db[name] for name in TELLING)

    @property
    def keys(self) -> Keys:
        """The keys of quotes and coupons."""
        if self._keys is None:
            raise RuntimeError("this store was opened without a secret, and has no coupons and no signed quotes")
        return self._keys

    def _changed(self) -> None:
        self.on_change()
