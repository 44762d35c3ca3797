"""Catalog's Query, Mutation and Subscription: the nouns' together."""

import strawberry

from kit.graphql.schema import build_schema
from services.catalog.attribute.schema import AttributeMutation, AttributeQuery
from services.catalog.bundle.types import BundleNested, ComponentInUse
from services.catalog.category.schema import CategoryMutation, CategoryQuery
from services.catalog.channel.schema import ChannelMutation
from services.catalog.coupon.schema import CouponMutation, CouponQuery
from services.catalog.design.schema import DesignMutation, DesignQuery
from services.catalog.design.types import ChoiceCount, ChoiceRequired, ChoicesExcluded
from services.catalog.moderation.types import AlreadyWritten
from services.catalog.pricing.schema import PricingMutation, PricingQuery
from services.catalog.pricing.types import PriceOverlap
from services.catalog.product.schema import ProductMutation, ProductQuery
from services.catalog.promotion.schema import PromotionMutation, PromotionQuery
from services.catalog.promotion.types import NeverApplies
from services.catalog.question.schema import QuestionMutation, QuestionQuery
from services.catalog.quote.schema import QuoteQuery
from services.catalog.quote.types import NotOffered, NotPriced
from services.catalog.redemption.schema import RedemptionMutation
from services.catalog.redemption.types import NothingLeft, QuoteEnded, QuoteNotValid
from services.catalog.review.schema import ReviewMutation, ReviewQuery
from services.catalog.reward.types import RewardClaim
from services.catalog.search.schema import SearchMutation, SearchQuery
from services.catalog.shopper.schema import ShopperMutation, ShopperQuery
from services.catalog.signage.schema import SignageQuery, SignageSubscription
from services.catalog.types import Taken


@strawberry.type
class Query(
    ProductQuery,
    DesignQuery,
    CategoryQuery,
    SearchQuery,
    ReviewQuery,
    QuestionQuery,
    SignageQuery,
    AttributeQuery,
    PricingQuery,
    QuoteQuery,
    PromotionQuery,
    CouponQuery,
    ShopperQuery,
):
    """What may be read."""


@strawberry.type
class Mutation(
    ProductMutation,
    DesignMutation,
    CategoryMutation,
    ChannelMutation,
    SearchMutation,
    ReviewMutation,
    QuestionMutation,
    AttributeMutation,
    PricingMutation,
    PromotionMutation,
    CouponMutation,
    RedemptionMutation,
    ShopperMutation,
):
    """What may be changed; each says whom it is for."""


@strawberry.type
class Subscription(SignageSubscription):
    """What may be listened to."""


DESIGN_ERRORS = [ChoiceCount, ChoicesExcluded, ChoiceRequired]
PRICE_ERRORS = [NotOffered, NotPriced, PriceOverlap, NeverApplies, NothingLeft, QuoteEnded, QuoteNotValid]
schema = build_schema(
    Query,
    Mutation,
    subscription=Subscription,
    types=[RewardClaim],
    errors=[AlreadyWritten, Taken, BundleNested, ComponentInUse, *DESIGN_ERRORS, *PRICE_ERRORS],
)
