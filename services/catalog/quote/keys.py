"""The keys of quotes and coupons, each for one purpose, derived from the context secret."""

from dataclasses import dataclass

from kit.keys import derive_key

SALT = b"noren/catalog"


@dataclass(frozen=True, slots=True)
class Keys:
    """32 bytes each."""

    quote_signing: bytes
    coupon_drawing: bytes
    coupon_keeping: bytes

    @classmethod
    def of(cls, secret: bytes) -> "Keys":
        """The same secret gives the same keys: changed, no coupon is known any more and no quote holds."""
        return cls(
            *(
                derive_key(secret, salt=SALT, info=info)
                for info in (b"signed quotes v1", b"coupon drawing v1", b"coupon keeping v1")
            )
        )
