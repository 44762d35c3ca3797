"""CPU that trust adds to a request: `python -m benchmarks.access.trust`.

Each figure is the best of some rounds of a loop in this process, in CPU time: nothing waits. *Each request*
is what every request of a known caller costs; *each call* comes with every fetch to a service of another process.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from benchmarks.system import machine
from gateway.access import Access, Ends
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.keys.directory import KeyDirectory
from gateway.keys.model import Grant, Key, KeyDraft, LiveSecret
from gateway.keys.secret import digest_of, new_key, new_key_id
from gateway.settings import GatewaySettings, OidcIssuer
from gateway.supergraph.access import UNLIMITED, Authority
from gateway.tokens.reader import Issuer, Tokens
from kit.context import ContextSigner, RequestContext
from kit.times import utc_now
from noren.system import subgraph_sdls

ROUNDS, TIMES = 7, 3_000
PEPPER = SECRET = b"s" * 32
SCOPES = frozenset({"stock:read", "orders:read", "points:write"})
OPEN = "query($s: ID!) { variant(sku: $s) { sku name price { gross { amount } } } }"
GUARDED = "query($s: ID!) { variant(sku: $s) { sku name price { gross { amount } } stock { nodes { onHand } } } }"


def best_us(work: Callable[[], object], times: int = TIMES) -> float:
    """CPU microseconds of one, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - begin) / times)
    return best * 1e6


def access_with_key(data_dir: Path) -> tuple[Access, str]:
    """Access that knows one stored key, and the key."""
    directory, id = KeyDirectory(None, PEPPER, "live"), new_key_id()  # type: ignore[arg-type] # nothing is looked up
    text, now = new_key("live", id), utc_now()
    draft = KeyDraft("till", grant=Grant(SCOPES, "pos", ("loc_1",)), expires_at=now + timedelta(days=1))
    directory._keys = {id: Key(id, draft, (LiveSecret(digest_of(PEPPER, text), now),), now)}
    return Access(GatewaySettings(data_dir=data_dir), directory), text


class FixedKeys:
    """Keys that are there; `generation` moves on so that nothing verified is remembered."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys
        self.generation = 0

    def of(self, kid: object) -> KeySet:
        """All of them."""
        return self._keys


def tokens_of(alg: str, key: RSAKey | ECKey | OKPKey) -> tuple[Tokens, FixedKeys, str]:
    """A reader of one issuer's tokens, its keys, and a token."""
    named = OidcIssuer.model_validate(
        {"name": "id", "issuer": "https://id.example", "audience": "noren", "people": "staff", "algorithms": [alg]}
    )
    claims = {"iss": named.issuer, "aud": "noren", "sub": "stf_1", "exp": int(time.time()) + 3600, "roles": ["clerk"]}
    keys = FixedKeys(KeySet([key]))
    text = jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])
    return Tokens([Issuer(named, keys)], GatewaySettings().staff_roles), keys, text


def requests() -> Mapping[str, float]:
    """Each request: who it is, and the context that says so."""
    signer = ContextSigner(SECRET)
    context = RequestContext("pos", "loc_1", None, "stf_1", SCOPES, "0af7651916cd43dd8448eb211c80319c")
    with TemporaryDirectory() as folder:
        access, key = access_with_key(Path(folder))
        headers = {"authorization": f"Bearer {key}", "host": "shop.example"}
        ends = Ends("10.0.0.1", "203.0.113.9")
        found = {"key check, with the context made of it": best_us(lambda: access.identify(headers, ends, "t"))}
    tokens, _, text = tokens_of("ES256", ECKey.generate_key("P-256", {"kid": "k"}))
    tokens.read(text)
    found["token check, verified before"] = best_us(lambda: tokens.read(text))
    found["context signed"] = best_us(lambda: signer.sign(context))
    return found


def calls() -> Mapping[str, float]:
    """Each call to a service of another process."""
    signer = ContextSigner(SECRET)
    token = signer.sign(RequestContext("pos", "loc_1", None, "stf_1", SCOPES, "0af7651916cd43dd8448eb211c80319c"))
    seal, guard = signer.sealer("stock"), signer.guard("stock")
    found = {}
    for size in (500, 10_000):
        body = b"x" * size
        found[f"seal made, body of {size} bytes"] = best_us(lambda body=body: seal(token, body))  # type: ignore[misc]
        seals = iter([seal(token, body) for _ in range(ROUNDS * TIMES)])

        def check(body: bytes = body, seals: object = seals) -> None:
            guard.check(guard.read(next(seals)), token, body)  # type: ignore[call-overload]

        found[f"seal checked, body of {size} bytes"] = best_us(check)
    signer.verify(token)
    found["context verified, seen before"] = best_us(lambda: signer.verify(token))
    fresh = iter([signer.sign(RequestContext("pos", trace_id=str(n))) for n in range(ROUNDS * 300)])
    found["context verified, the first of a request"] = best_us(lambda: signer.verify(next(fresh)), 300)
    return found


def first_sights() -> Mapping[str, float]:
    """What a token costs when it is seen for the first time."""
    found = {}
    for alg, key in (
        ("RS256", RSAKey.generate_key(2048, {"kid": "k"})),
        ("ES256", ECKey.generate_key("P-256", {"kid": "k"})),
        ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "k"})),
    ):
        tokens, keys, text = tokens_of(alg, key)

        def read(tokens: Tokens = tokens, keys: FixedKeys = keys, text: str = text) -> None:
            keys.generation += 1
            tokens.read(text)

        found[f"token verified, {alg}"] = best_us(read, 300)
    return found


def plans() -> Mapping[str, float]:
    """A plan found again, for an operation that demands nothing and one that does; and a first one, withheld or not."""
    sdls = subgraph_sdls()
    engine = Engine.compose(sdls, dict.fromkeys(sdls), EngineSettings())  # type: ignore[arg-type]
    holder = Authority.of(SCOPES, authenticated=True)
    found = {}
    for name, query, authority in (
        ("plan found again, nothing demanded", OPEN, holder),
        ("plan found again, a scope demanded and held", GUARDED, holder),
        ("plan found again, a scope demanded and not held", GUARDED, Authority.of((), authenticated=True)),
        ("plan found again, without authorization", GUARDED, UNLIMITED),
    ):
        request = GraphQLRequest(query, {"s": "SKU-1"}, None, authority)
        engine.explain(request)
        found[name] = best_us(lambda request=request: engine.preparation.prepare(request))  # type: ignore[misc]
    return found


def main() -> None:
    """Print every figure."""
    print(f"machine: {machine()}; CPU µs, best of {ROUNDS} rounds\n")
    for title, measured in (
        ("each request", requests()),
        ("each call to another process", calls()),
        ("a token's first sight", first_sights()),
        ("plans", plans()),
    ):
        print(f"| {title} | µs |\n|---|---|")
        for name, us in measured.items():
            print(f"| {name} | {us:.1f} |")
        print()


if __name__ == "__main__":
    main()
