"""The stores of what is kept about a person besides their profile, and their indexes; each is a room's own."""

from collections.abc import Mapping, Sequence

from pymongo import IndexModel

from kit.mongo import Database
from services.customer.behaviour.store import INDEXES as BEHAVIOUR_INDEXES
from services.customer.behaviour.store import BehaviourStore
from services.customer.consent.store import INDEXES as CONSENT_INDEXES
from services.customer.consent.store import ConsentStore
from services.customer.device.store import INDEXES as DEVICE_INDEXES
from services.customer.device.store import DeviceStore
from services.customer.inquiry.store import INDEXES as INQUIRY_INDEXES
from services.customer.inquiry.store import InquiryStore
from services.customer.kin.store import KinStore
from services.customer.live.store import LiveStore
from services.customer.shopping.store import INDEXES as SHOPPING_INDEXES
from services.customer.shopping.store import ShoppingStore
from services.customer.value.store import INDEXES as VALUE_INDEXES
from services.customer.value.store import ValueStore
from services.customer.vault.store import Vault

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    **CONSENT_INDEXES,
    **DEVICE_INDEXES,
    **BEHAVIOUR_INDEXES,
    **INQUIRY_INDEXES,
    **SHOPPING_INDEXES,
    **VALUE_INDEXES,
}


class PersonStore:
    """`secret` keys the names of devices and the links of lists; `vault` has the keys of what people wrote."""

    def __init__(self, db: Database, secret: bytes, vault: Vault) -> None:
        self.secret = secret
        self.kin = KinStore(db)
        self.consent = ConsentStore(db)
        self.device = DeviceStore(db)
        self.behaviour = BehaviourStore(db)
        self.inquiry = InquiryStore(db, vault)
        self.shopping = ShoppingStore(db, vault)
        self.value = ValueStore(db)
        self.live = LiveStore(db)
