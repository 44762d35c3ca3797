"""Two ways to encrypt personal values with a key a member: libmongocrypt's explicit API, and AES-GCM with wrapped keys.

python -m benchmarks.customer.vault [members]     needs `pip install pymongocrypt` besides `make install`
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo import AsyncMongoClient
from pymongo.asynchronous.encryption import Algorithm, AsyncClientEncryption

from kit.mongo import connect, database
from kit.mongod import EmbeddedMongo

WORKERS = 16
PERSON = {
    "name": {"family": "髙橋", "given": "花子", "family_kana": "タカハシ", "given_kana": "ハナコ"},
    "emails": ["hanako@example.jp"],
    "phones": ["090-1234-5678"],
    "addresses": [{"country": "JP", "postal_code": "100-0001", "region": "東京都", "city": "千代田区", "line1": "1-1"}],
    "birthday": "1980-05-01",
}


async def measured(name: str, count: int, work: Callable[[], Awaitable[Any]]) -> Any:
    began, cpu = time.perf_counter(), time.process_time()
    result = await work()
    wall_us = (time.perf_counter() - began) / count * 1e6
    cpu_us = (time.process_time() - cpu) / count * 1e6
    print(f"{name:44} {wall_us:9.0f} us each {cpu_us:9.0f} us CPU {1e6 / wall_us:10.0f}/s", flush=True)
    return result


async def spread(work: Callable[[Any], Awaitable[Any]], over: Sequence[Any]) -> list[Any]:
    results: list[Any] = []
    for start in range(0, len(over), WORKERS):
        results += await asyncio.gather(*[work(one) for one in over[start : start + WORKERS]])
    return results


async def libmongocrypt(url: str, count: int) -> None:
    master = {"local": {"key": os.urandom(96)}}
    async with AsyncMongoClient[dict[str, Any]](url, w="majority", journal=True) as client:
        first = AsyncClientEncryption(master, "bench.vault", client, CodecOptions())

        async def make(_: Any) -> Any:
            return await first.create_data_key("local")

        async def seal(key: Any) -> Any:
            return await first.encrypt(PERSON, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random, key_id=key)

        keys = await measured("libmongocrypt: a key a member", count, lambda: spread(make, range(count)))
        sealed = await measured("libmongocrypt: encrypt, key not in memory", count, lambda: spread(seal, keys))
        await measured("libmongocrypt: encrypt, key in memory", count, lambda: spread(seal, keys))
        await first.close()
        second = AsyncClientEncryption(master, "bench.vault", client, CodecOptions())
        await measured("libmongocrypt: decrypt, key not in memory", count, lambda: spread(second.decrypt, sealed))
        await measured("libmongocrypt: decrypt, key in memory", count, lambda: spread(second.decrypt, sealed))
        await second.close()


async def wrapped(url: str, count: int) -> None:
    master = AESGCM(os.urandom(32))
    async with connect(url) as client:
        keys = database(client, "bench")["member_keys"]
        ids = [f"cus_{n:08}" for n in range(count)]

        async def make() -> list[AESGCM]:
            made = [os.urandom(32) for _ in ids]
            documents = []
            for id, key in zip(ids, made, strict=True):
                nonce = os.urandom(12)
                documents.append({"_id": id, "wrapped": nonce + master.encrypt(nonce, key, id.encode())})
            for start in range(0, count, 1_000):
                await keys.insert_many(documents[start : start + 1_000], ordered=False)
            return [AESGCM(key) for key in made]

        async def seal() -> list[bytes]:
            sealed = []
            for id, key in zip(ids, ciphers, strict=True):
                nonce = os.urandom(12)
                sealed.append(nonce + key.encrypt(nonce, bson.encode(PERSON), id.encode()))
            return sealed

        async def open_one(pair: tuple[str, bytes]) -> Any:
            found = await keys.find_one({"_id": pair[0]})
            return unseal(found, pair[1])

        def unseal(found: Any, value: bytes) -> Any:
            id = found["_id"].encode()
            key = AESGCM(master.decrypt(found["wrapped"][:12], found["wrapped"][12:], id))
            return bson.decode(key.decrypt(value[:12], value[12:], id))

        async def open_all() -> None:
            for start in range(0, count, 100):
                part = ids[start : start + 100]
                found = {one["_id"]: one async for one in keys.find({"_id": {"$in": part}})}
                for id, value in zip(part, sealed[start : start + 100], strict=True):
                    assert unseal(found[id], value) == PERSON

        ciphers = await measured("wrapped keys: a key a member, by thousands", count, make)
        sealed = await measured("wrapped keys: encrypt", count, seal)
        pairs = list(zip(ids, sealed, strict=True))
        await measured("wrapped keys: decrypt one, key read first", count, lambda: spread(open_one, pairs))
        await measured("wrapped keys: decrypt by hundreds", count, open_all)


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        mongo = EmbeddedMongo.start(Path(directory))
        try:
            await libmongocrypt(mongo.url, count)
            await wrapped(mongo.url, count)
        finally:
            mongo.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
