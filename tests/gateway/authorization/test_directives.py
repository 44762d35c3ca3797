"""What a schema demands of its callers: withheld from whoever lacks it, fetched and shown for whoever holds it."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import orjson
import pytest
from graphql import GraphQLError, GraphQLResolveInfo, execute, parse

from gateway.composer import compose
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.errors import RequestRefused
from gateway.supergraph import Supergraph
from gateway.supergraph.access import UNLIMITED, Authority
from tests.gateway.worlds import HEAD, Obj, World

SHOP = """
type Query { me: Person staff: Staff @authenticated things: [Thing!]! pick: [Pick] named: [Named!]! count: Int!
  audit: String @policy(policies: [["staff", "channel:office"], ["system"]]) }
type Person @key(fields: "id") { id: ID! name: String @authenticated friend: Person
  mail: String! @requiresScopes(scopes: [["mail"], ["all", "admin"]]) }
interface Named { id: ID! name: String }
type Staff implements Named @requiresScopes(scopes: [["staff"]]) { id: ID! name: String wage: Int! }
type Thing implements Named @key(fields: "id") { id: ID! name: String
  cost: Int @requiresScopes(scopes: [["cost"]]) boss: Staff }
union Pick = Thing | Staff
"""
STOCK = """
type Thing @key(fields: "id") { id: ID! cost: Int @external left: Int!
  margin: String @requires(fields: "cost") }
type Mutation { buy: Int @requiresScopes(scopes: [["buy"]]) look: Int }
type Subscription { sold: Thing @requiresScopes(scopes: [["sold"]]) shown: Thing }
"""
SDL = {"shop": HEAD + SHOP, "stock": HEAD + STOCK}
BOSS = Obj("Staff", {"id": "s1", "name": "Aiko", "wage": 9})
THINGS = [
    Obj("Thing", {"id": f"t{n}", "name": f"T{n}", "cost": n, "left": 5, "boss": BOSS if n else None}) for n in range(2)
]
ANNA = Obj("Person", {"id": "p1", "name": "Anna", "mail": "a@x", "friend": None})
BELA = Obj("Person", {"id": "p2", "name": "Bela", "mail": "b@x", "friend": ANNA})
ROOTS = {
    "me": BELA,
    "staff": BOSS,
    "things": THINGS,
    "pick": [THINGS[0], BOSS],
    "named": [BOSS, THINGS[1]],
    "count": 2,
    "audit": "all well",
}
CODE = "UNAUTHORIZED_FIELD_OR_TYPE"


def world() -> World:
    return World(SDL, [*THINGS, ANNA, BELA], ROOTS)


def holder(scopes: str = "", policies: str = "", *, authenticated: bool = True) -> Authority:
    return Authority.of(scopes.split(), policies.split(), authenticated=authenticated)


async def ask(world: World, query: str, authority: Authority) -> dict[str, Any]:
    for transport in world.transports.values():
        transport.asked.clear()
    said = await world.engine.execute(GraphQLRequest(query, authority=authority), {}, 10)
    answer: dict[str, Any] = orjson.loads(orjson.dumps(said))  # what is said of the schema is JSON already
    return answer


def paths(answer: Mapping[str, Any]) -> list[list[str | int]]:
    errors = answer.get("errors", [])
    assert {error["extensions"]["code"] for error in errors} <= {CODE}
    return [error["path"] for error in errors]


async def test_a_field_that_is_withheld_is_null_with_an_error_and_not_fetched() -> None:
    answer = await ask(it := world(), "{ me { id name } count }", holder(authenticated=False))

    assert answer["data"] == {"me": {"id": "p2", "name": None}, "count": 2}
    assert paths(answer) == [["me", "name"]]
    assert all("name" not in request.query for request in it.transports["shop"].asked)


async def test_a_field_that_may_not_be_null_takes_its_object_with_it() -> None:
    answer = await ask(world(), "{ me { friend { id m: mail } } }", holder())

    assert answer["data"] == {"me": {"friend": None}}
    assert paths(answer) == [["me", "friend", "m"]]


@pytest.mark.parametrize(
    ("scopes", "mail"), [("mail", "b@x"), ("all admin", "b@x"), ("mail other", "b@x"), ("all", None), ("admin", None)]
)
async def test_any_list_of_scopes_is_enough_if_all_of_it_is_held(scopes: str, mail: str | None) -> None:
    answer = await ask(world(), "{ me { mail } }", holder(scopes))

    assert answer["data"] == {"me": {"mail": mail} if mail else None}


async def test_a_type_that_is_withheld_withholds_the_fields_that_give_it() -> None:
    answer = await ask(world(), "{ staff { id } things { boss { name } id } }", holder())

    assert answer["data"] == {"staff": None, "things": [{"boss": None, "id": "t0"}, {"boss": None, "id": "t1"}]}
    assert paths(answer) == [["staff"], ["things", 0, "boss"], ["things", 1, "boss"]]


async def test_what_type_and_field_demand_holds_together() -> None:
    query = "{ staff { wage } }"

    assert (await ask(world(), query, holder("staff")))["data"] == {"staff": {"wage": 9}}
    assert (await ask(world(), query, holder("staff", authenticated=False)))["data"] == {"staff": None}


async def test_of_an_interface_only_objects_of_the_withheld_type_lack_their_fields() -> None:
    answer = await ask(world(), "{ named { __typename name } }", holder())

    assert answer["data"]["named"] == [
        {"__typename": "Staff", "name": None},
        {"__typename": "Thing", "name": "T1"},
    ]
    assert paths(answer) == [["named", 0, "name"]]


async def test_of_a_union_likewise_and_through_fragments() -> None:
    query = "{ pick { ...f } } fragment f on Pick { ... on Staff { i: id } ... on Thing { id ...g } }"
    query += "fragment g on Thing { cost }"

    answer = await ask(world(), query, holder())

    assert answer["data"] == {"pick": [{"id": "t0", "cost": None}, None]}
    assert paths(answer) == [["pick", 0, "cost"], ["pick", 1, "i"]]


async def test_what_another_field_requires_is_fetched_and_not_shown() -> None:
    answer = await ask(it := world(), "{ things { margin cost c: cost } }", holder())

    assert [thing["cost"] for thing in answer["data"]["things"]] == [None, None]
    assert [thing["c"] for thing in answer["data"]["things"]] == [None, None]
    whole = await ask(it, "{ things { margin cost } }", holder("cost"))
    assert [t["margin"] for t in answer["data"]["things"]] == [t["margin"] for t in whole["data"]["things"]]
    assert [thing["cost"] for thing in whole["data"]["things"]] == [0, 1]


async def test_a_policy_is_true_of_whom_its_facts_are() -> None:
    for policies, expected in (
        ("staff channel:office", "all well"),
        ("staff", None),
        ("system", "all well"),
        ("", None),
    ):
        assert (await ask(world(), "{ audit }", holder(policies=policies)))["data"] == {"audit": expected}


async def test_a_plan_is_never_shared_with_a_caller_who_holds_less() -> None:
    it, query = world(), "{ me { id mail } }"
    for scopes, expected in (("mail", {"id": "p2", "mail": "b@x"}), ("", None)) * 3:
        assert (await ask(it, query, holder(scopes)))["data"] == {"me": expected}
    assert it.engine.counts.validated == 1
    assert it.engine.counts.planned == 2


async def test_callers_who_differ_in_what_the_operation_does_not_ask_share_a_plan() -> None:
    it = world()
    for scopes in ("", "mail", "cost buy"):
        await ask(it, "{ count }", holder(scopes))
    assert it.engine.counts.planned == 1


async def test_with_everything_withheld_nobody_is_asked() -> None:
    answer = await ask(it := world(), "{ staff { id } audit }", holder())

    assert answer["data"] == {"staff": None, "audit": None}
    assert it.fetched() == []


async def test_a_mutation_that_is_withheld_is_not_sent() -> None:
    it = world()
    it.roots |= {"look": 1, "buy": 2}
    answer = await ask(it, "mutation { buy look }", holder())

    assert answer["data"] == {"buy": None, "look": 1}
    assert [request.query for request in it.transports["stock"].asked if "buy" in request.query] == []


async def test_a_subscription_whose_source_is_withheld_is_refused() -> None:
    engine = world().engine
    with pytest.raises(RequestRefused) as refused:
        engine.subscription(GraphQLRequest("subscription { sold { id } }", authority=holder()))
    assert [(e["path"], e["extensions"]["code"]) for e in refused.value.errors] == [(["sold"], CODE)]
    prepared = engine.subscription(GraphQLRequest("subscription { shown { left cost } }", authority=holder()))
    assert prepared is not None
    assert "cost" not in str(prepared.program.plan)


async def test_in_reject_mode_nothing_of_the_operation_is_done() -> None:
    it = world()
    engine = Engine.compose(SDL, it.transports, EngineSettings(rejects=True))
    request = GraphQLRequest("{ count things { id cost } me { name } }", authority=holder(authenticated=False))
    answer = await engine.execute(request, {}, 10)

    assert "data" not in answer
    assert paths(answer) == [["things", "cost"], ["me", "name"]]
    assert it.fetched() == []


async def test_who_may_not_see_all_of_an_operation_gets_it_in_one_part() -> None:
    query = "{ me { id ... @defer { name } } things { ... @defer { left } } }"
    it = world()
    for authority, many in ((holder(authenticated=False), False), (holder(), True)):
        first, rest = await it.engine.execute_in_parts(GraphQLRequest(query, authority=authority), {}, 10)
        assert (rest is not None) is many
        if rest is None:
            assert first["data"]["things"] == [{"left": 5}, {"left": 5}]
            assert paths(first) == [["me", "name"]]
        else:
            await rest.aclose()


async def test_a_supergraph_that_was_loaded_demands_the_same() -> None:
    loaded = Supergraph.from_sdl(compose(SDL).sdl)

    assert loaded.rules == compose(SDL).rules
    assert set(loaded.rules.fields) == {"Query", "Person", "Staff", "Thing", "Mutation", "Subscription"}


INTROSPECT = """{ __schema { types { name fields { name } possibleTypes { name } } }
  staff: __type(name: "Staff") { name } thing: __type(name: "Thing") { fields { name } } }"""


async def test_introspection_shows_what_the_caller_may_see() -> None:
    it = world()
    little = (await ask(it, INTROSPECT, holder(authenticated=False)))["data"]
    names = {kind["name"]: kind for kind in little["__schema"]["types"]}
    assert little["staff"] is None
    assert [field["name"] for field in little["thing"]["fields"]] == ["id", "name", "left", "margin"]
    assert "Staff" not in names
    assert [one["name"] for one in names["Pick"]["possibleTypes"]] == ["Thing"]
    assert [field["name"] for field in names["Mutation"]["fields"]] == ["look"]

    everything = (await ask(it, INTROSPECT, UNLIMITED))["data"]
    assert everything["staff"] == {"name": "Staff"}
    assert "cost" in [field["name"] for field in everything["thing"]["fields"]]


async def test_errors_hint_at_nothing_that_the_caller_may_not_see() -> None:
    query = "{ things { costs } }"

    assert "Did you mean" not in str(await ask(world(), query, holder()))
    assert "Did you mean 'cost'" in str(await ask(world(), query, UNLIMITED))


QUERIES = (
    "{ me { id name mail friend { name mail } } count audit }",
    "{ staff { id wage } things { cost margin boss { wage } } }",
    "{ pick { __typename ... on Staff { wage } ... on Thing { id cost boss { id } } } }",
    "{ named { id name ... on Thing { cost left } } }",
)
HELD = ("mail", "staff", "cost", "")


def subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    listed = [*names]
    return [some for size in range(len(listed) + 1) for some in combinations(listed, size)]


@pytest.mark.parametrize("query", QUERIES)
async def test_data_is_what_a_monolith_gives_whose_resolvers_refuse(query: str) -> None:
    """Every set of scopes, one after another on one engine: null goes up as far as GraphQL says, and no further."""
    it = world()
    rules = it.engine._supergraph.rules
    for scopes in subsets(HELD[:3]):
        for authenticated in (False, True):
            authority = Authority.of(scopes, authenticated=authenticated)

            def resolve(source: Any, info: GraphQLResolveInfo, authority: Authority = authority) -> Any:
                rule = rules.fields.get(info.parent_type.name, {}).get(info.field_name, ())
                if not all(any(part <= authority.holds for part in clause) for clause in rule):
                    raise GraphQLError("no")
                return ROOTS[info.field_name] if source is None else it.value(source, info.field_name, {})

            want: Any = execute(
                it.engine.public_schema,
                parse(query),
                field_resolver=resolve,
                type_resolver=lambda value, *_: value.type_name,
            )
            got = await ask(it, query, authority)
            assert got["data"] == want.data
            assert sorted(map(str, paths(got))) == sorted(str(error.path) for error in want.errors or ())
