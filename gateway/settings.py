"""What an operator may set on the gateway, read once from `NOREN_…` variables of the environment."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from gateway.limit_settings import LimitSettings
from kit.settings import KEY_PEPPER_FILE, kept_secret

MAX_API_KEYS = 1000
"""Keys of the environment are for shops and partners known by name; more belong into a store."""
MIN_PEPPER_BYTES = 32
"""As long as the hash: it must be harder to guess than what it guards."""
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
"""A channel, location, customer, staff member or key: ids of ours and of the shop's, nothing that needs escaping."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z]+:[a-z]+$")]


class ApiKey(BaseModel):
    """A caller known by a secret, of which only the SHA-256 is kept. What is None here, a request may fill."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the key, in lower-case hex")
    scopes: frozenset[Scope] = frozenset()
    channel: Name | None = None
    location: Name | None = None
    customer: Name | None = None
    staff: Name | None = None


Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""How a token may be signed: with a key of which only the public half leaves its issuer (RFC 7518, 8037, 9864)."""


class OidcIssuer(BaseModel):
    """Who signs the tokens of some people: an OpenID provider, its keys found by discovery or at `jwks_url`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(description="Ours for it, for logs")
    issuer: str = Field(min_length=1, max_length=512, description="The `iss` of its tokens, to the letter")
    audience: str = Field(min_length=1, max_length=512, description="What of their `aud` is us")
    people: Literal["customers", "staff"]
    jwks_url: str | None = None
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)
    claim: str = Field(default="sub", description="What names the customer or staff member")


DEVELOPMENT_SCOPES: frozenset[str] = frozenset(
    {
        "behaviour:write",
        "catalog:read",
        "catalog:write",
        "consents:write",
        "count:approve",
        "count:read",
        "count:write",
        "coupons:read",
        "customers:audit",
        "customers:erase",
        "customers:read",
        "customers:write",
        "delivery:read",
        "delivery:write",
        "fulfillment:code",
        "fulfillment:read",
        "fulfillment:write",
        "inquiries:read",
        "inquiries:write",
        "lists:read",
        "lists:write",
        "keys:read",
        "keys:write",
        "orders:read",
        "orders:write",
        "points:approve",
        "points:read",
        "points:redeem",
        "points:rules",
        "points:accounting",
        "points:write",
        "quotes:write",
        "reorder:write",
        "stock:approve",
        "stock:read",
        "stock:reserve",
        "stock:write",
        "transfer:approve",
        "transfer:read",
        "transfer:write",
    }
)
"""Every scope there is: what a caller without a key may do on its own machine, while no key is configured."""


STAFF_ROLES: dict[str, frozenset[str]] = {
    "clerk": frozenset(
        {"catalog:read", "customers:read", "fulfillment:read", "fulfillment:write", "orders:read", "orders:write"}
        | {"points:read", "points:redeem", "points:write", "stock:read", "stock:reserve"}
    ),
    "warehouse": frozenset(
        {"catalog:read", "count:read", "count:write", "delivery:read", "delivery:write", "fulfillment:read"}
        | {"fulfillment:write", "stock:read", "stock:write", "transfer:read", "transfer:write"}
    ),
    "merchandiser": frozenset({"catalog:read", "catalog:write", "coupons:read", "quotes:write", "stock:read"}),
    "accountant": frozenset({"orders:read", "points:accounting", "points:read", "stock:read"}),
    "admin": DEVELOPMENT_SCOPES,
}
"""What staff may do by their roles, where an operator says nothing else."""


class GatewaySettings(LimitSettings):
    """Frozen; a wrong value stops the start with its name."""

    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535)
    subgraph_urls: dict[str, str] = Field(
        default={
            "catalog": "http://127.0.0.1:8001/graphql",
            "inventory": "http://127.0.0.1:8002/graphql",
            "loyalty": "http://127.0.0.1:8003/graphql",
            "customer": "http://127.0.0.1:8004/graphql",
            "order": "http://127.0.0.1:8005/graphql",
        },
        description="Where the services answer when they run as processes of their own",
    )
    supergraph: Path | None = Field(
        default=None, description="File of a supergraph composed elsewhere; its URLs count before `subgraph_urls`"
    )
    gateway_timeout_s: float = Field(default=10.0, gt=0, le=55, description="One request, everything included")
    subgraph_timeouts_s: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="Of that, what one service may take, by its name"
    )
    deduplicate_in_flight: bool = Field(
        default=False, description="Whether like queries of one caller to a service at one moment are asked once"
    )
    cached_operations: int = Field(default=1000, ge=1, le=100_000, description="Kept parsed, planned and compiled")
    schema_poll_s: float = Field(
        default=10.0,
        ge=0,
        description="How often services at URLs are asked for their SDL, or the supergraph's file is read; 0: never",
    )
    override_labels: frozenset[str] = Field(
        default=frozenset(), description="Labels of `@override` that hold; `percent(n)` needs none"
    )
    contract_include: frozenset[str] = Field(default=frozenset(), description="Tags of what alone is shown; none: all")
    contract_exclude: frozenset[str] = Field(default=frozenset(), description="Tags of what is not shown")
    unauthorized: Literal["filter", "reject"] = Field(
        default="filter",
        description="What becomes of an operation with fields its caller may not see: those alone, or all of it",
    )
    metrics: bool = Field(default=False, description="Whether `/metrics` answers; anybody who reaches it may read it")
    api_keys: tuple[ApiKey, ...] = Field(default=(), max_length=MAX_API_KEYS)
    key_environment: Literal["live", "test"] = Field(
        default="live", description="Which keys of `noren keys` this system takes: nrn_live_… or nrn_test_…"
    )
    key_pepper: SecretStr = Field(
        default=SecretStr(""), description="What keys are hashed with, 32 bytes or more; empty: kept in data_dir"
    )
    token_secret: SecretStr = Field(
        default=SecretStr(""), description="What our own tokens are signed with, 32 bytes or more; empty: in data_dir"
    )
    issuers: tuple[OidcIssuer, ...] = Field(default=(), max_length=10, description="Whose tokens are taken")
    staff_roles: dict[str, frozenset[Scope]] = Field(default=STAFF_ROLES, description="Role → what its holders may do")
    default_channel: Name = Field(default="web", description="For callers that name none")
    development_scopes: frozenset[Scope] = Field(
        default=DEVELOPMENT_SCOPES,
        description="What a caller without a key may do while no key is configured",
    )
    cors_origins: tuple[str, ...] = Field(default=(), description="Origins whose pages may call; none by default")
    graphiql: bool = Field(default=True, description="Whether `/` shows the explorer")

    @field_validator("key_pepper", "token_secret")
    @classmethod
    def _secret_is_long(cls, secret: SecretStr) -> SecretStr:
        length = len(secret.get_secret_value().encode())
        if 0 < length < MIN_PEPPER_BYTES:
            raise ValueError(f"expected {MIN_PEPPER_BYTES} bytes or more, got {length}")
        return secret

    @model_validator(mode="after")
    def _keys_are_distinct(self) -> Self:
        for where, what, values in (
            ("NOREN_API_KEYS", "name", [key.name for key in self.api_keys]),
            ("NOREN_API_KEYS", "sha256", [key.sha256 for key in self.api_keys]),
            ("NOREN_ISSUERS", "name", [issuer.name for issuer in self.issuers]),
            ("NOREN_ISSUERS", "issuer", [issuer.issuer for issuer in self.issuers]),
        ):
            if twice := {value for value in values if values.count(value) > 1}:
                raise ValueError(f"{where}: each needs its own {what}; twice there: {sorted(twice)}")
        return self

    @model_validator(mode="after")
    def _strangers_stay_outside(self) -> Self:
        known = self.api_keys or self.issuers or self.mongodb_url
        if not known and not is_loopback(self.host):
            raise ValueError(
                f"NOREN_HOST is {self.host!r}, which others can reach, and there are no keys: then everybody may do "
                "everything, so the gateway listens on loopback only. Set NOREN_API_KEYS, or NOREN_MONGODB_URL where "
                "`noren keys create` keeps them, or NOREN_HOST=127.0.0.1"
            )
        return self


def key_pepper(settings: GatewaySettings) -> bytes:
    """The pepper of the environment, else the one kept in `data_dir`, made on first use."""
    given = settings.key_pepper.get_secret_value()
    return given.encode() if given else kept_secret(settings, KEY_PEPPER_FILE)


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine and cannot be reached from another."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
