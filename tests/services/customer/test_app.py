import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.settings import context_secret
from services.customer.app import open_service, open_store
from services.customer.identity import derive_key
from services.customer.settings import Settings, identity_key
from services.customer.store import IdentityKeyChanged, VaultKeyChanged

CREATE = """mutation { customerCreate(input: {idempotencyKey: "k", name: {family: "Himitsu"},
  identities: [{type: EMAIL, value: "himitsu@example.jp"}]}) { customer { id } } }"""


@pytest.fixture
def settings(mongo_url: str, fresh_databases: str, tmp_path: Path) -> Settings:
    return Settings(mongodb_url=mongo_url, database_prefix=fresh_databases, data_dir=tmp_path)


async def test_the_service_starts_answers_and_logs_nothing_personal(
    settings: Settings, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    token = ContextSigner(context_secret(settings)).sign(
        RequestContext(channel="web", scopes=frozenset({"customers:write"}))
    )
    with caplog.at_level(logging.DEBUG):
        async with open_service(settings) as service:
            assert await service.is_ready()
            answer = await service.subgraph.execute(CREATE, None, None, {CONTEXT_HEADER: token})
    assert answer["data"]["customerCreate"]["customer"]["id"].startswith("cus_")
    noren_logs = [record.getMessage() for record in caplog.records if not record.name.startswith("pymongo")]
    written = " ".join(noren_logs) + "".join(capsys.readouterr())
    assert "imitsu" not in written


async def test_a_start_with_another_secret_is_refused(settings: Settings) -> None:
    async with open_store(settings):
        pass
    with pytest.raises(IdentityKeyChanged):
        async with open_store(settings.model_copy(update={"identity_secret": SecretStr("another" * 8)})):
            pass
    with pytest.raises(VaultKeyChanged):
        async with open_store(settings.model_copy(update={"vault_key": SecretStr("another" * 8)})):
            pass
    kept = settings.model_copy(
        update={
            "context_secret": SecretStr("rotated" * 8),
            "identity_secret": SecretStr(context_secret(settings).decode()),
            "vault_key": SecretStr(context_secret(settings).decode()),
        }
    )
    async with open_store(kept) as store:
        assert await store.customers_by_id(["cus_none"]) == {}


def test_the_key_is_derived_and_never_the_secret_itself(settings: Settings) -> None:
    secret = context_secret(settings)
    assert identity_key(settings) == derive_key(secret)
    assert secret not in identity_key(settings)
