"""The gateway's own subgraph, `access`: what administrators ask of the gateway itself, composed like any service's."""

import strawberry

from gateway.keys.context import Context
from gateway.keys.directory import KeyDirectory
from gateway.keys.schema import KeyMutation, KeyQuery
from gateway.keys.types import ERRORS
from kit.context import ContextSigner
from kit.graphql.schema import build_schema
from kit.subgraph import Subgraph

NAME = "access"


@strawberry.type
class Query(KeyQuery):
    """What may be asked."""


@strawberry.type
class Mutation(KeyMutation):
    """What may be changed."""


schema = build_schema(Query, Mutation, errors=ERRORS)


def own_subgraph(signer: ContextSigner, keys: KeyDirectory) -> Subgraph:
    """The subgraph over the keys of this gateway; it has no address, and is called as a function."""
    return Subgraph(NAME, schema, signer, lambda caller: Context(caller, keys))
