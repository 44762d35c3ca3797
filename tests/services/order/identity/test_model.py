"""Meeting an identity again: a replay, a reused key, or another content's external id."""

from kit.errors import IdempotencyKeyReused
from services.order.identity.model import AlreadyRecorded, Claim, ExternalId, Identity, meet

TILL, SHOP = ExternalId("till", "1"), ExternalId("shop", "9")


def test_the_same_content_is_the_first_document() -> None:
    claim = Claim("ord_1", Identity((TILL,), None, "same"))
    assert meet(Identity((TILL,), "key", "same"), [claim]) == "ord_1"


def test_a_key_with_other_content_is_refused_before_anything_else() -> None:
    by_id = Claim("ord_1", Identity((TILL,), None, "other"))
    by_key = Claim("ord_2", Identity((SHOP,), "key", "another"))
    assert meet(Identity((TILL,), "key", "mine"), [by_id, by_key]) == IdempotencyKeyReused(key="key")


def test_an_external_id_with_other_content_is_refused_with_what_holds_it() -> None:
    claim = Claim("ord_1", Identity((SHOP, TILL), None, "other"))
    met = meet(Identity((TILL,), "key", "mine"), [claim])
    assert met == AlreadyRecorded(source="till", value="1", recorded_id="ord_1")
    assert isinstance(met, AlreadyRecorded)
    assert met.message == "till '1' is recorded as ord_1 with other content"
