"""The gateway's own subgraph, `access`: what is asked of the gateway itself, composed like any service's."""

import strawberry

from gateway.device.schema import DeviceMutation
from gateway.device.store import DeviceStore
from gateway.device.types import ERRORS as DEVICE_ERRORS
from gateway.issuer.actions import Desk
from gateway.issuer.context import Context
from gateway.issuer.passwords import Passwords
from gateway.issuer.schema import IssuerMutation
from gateway.issuer.signing import Signing, token_secret
from gateway.issuer.store import IssuerStore
from gateway.issuer.types import ERRORS as ISSUER_ERRORS
from gateway.keys.directory import KeyDirectory
from gateway.keys.schema import KeyMutation, KeyQuery
from gateway.keys.types import ERRORS as KEY_ERRORS
from gateway.settings import GatewaySettings
from gateway.tokens.reader import Issuer
from kit.context import ContextSigner, RequestContext
from kit.graphql.schema import build_schema
from kit.subgraph import Subgraph

NAME = "access"


@strawberry.type
class Query(KeyQuery):
    """What may be asked."""


@strawberry.type
class Mutation(KeyMutation, IssuerMutation, DeviceMutation):
    """What may be changed."""


schema = build_schema(Query, Mutation, errors=[*KEY_ERRORS, *ISSUER_ERRORS, *DEVICE_ERRORS])


def own_issuer(settings: GatewaySettings) -> Issuer:
    """What reads the tokens of those who signed in here."""
    return Signing(token_secret(settings)).issuer


def own_subgraph(settings: GatewaySettings, signer: ContextSigner, keys: KeyDirectory) -> Subgraph:
    """The subgraph over the keys of this gateway; it has no address, and is called as a function."""
    db = keys.store.db
    desk, devices = Desk(IssuerStore(db), Passwords(), Signing(token_secret(settings))), DeviceStore(db)

    def make_context(caller: RequestContext) -> Context:
        return Context(caller, keys, desk, devices)

    return Subgraph(NAME, schema, signer, make_context)
