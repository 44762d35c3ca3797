"""One writer, used from several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from services.catalog.product.model import Product, ProductId
from services.catalog.search.directory import Directory
from services.catalog.search.engine import open_index
from services.catalog.search.entry import Facts, Shop, indexed_product
from services.catalog.search.writer import Writer, WriterClosed
from tests.services.catalog.shop import NOW, WEB, draft

ROUNDS = 8
THREADS = 6


def row(number: int) -> object:
    product = Product(ProductId(f"prd_{number:026}"), draft(f"p{number}"), 1, NOW)
    return indexed_product(product, [], Shop((WEB,)), Facts(), NOW)


def test_a_writer_that_is_closed_while_others_write_keeps_all_of_a_commit_or_none(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    for round in range(ROUNDS):
        writer, current = Writer.create(directory, ["web"])
        begin = Barrier(THREADS + 1)

        def write(number: int, writer: Writer = writer, begin: Barrier = begin) -> int:
            begin.wait()
            kept = 0
            try:
                for place in range(20):
                    writer.put([row(number * 100 + place)])  # type: ignore[list-item]
                    writer.commit()
                    kept += 1
            except WriterClosed:
                pass
            return kept

        with ThreadPoolExecutor(THREADS + 1) as pool:
            writing = [pool.submit(write, number) for number in range(THREADS)]
            begin.wait()
            sleep(0.004 * round)
            closing = [pool.submit(writer.close) for _ in range(2)]
            for one in closing:
                one.result()
            committed = sum(one.result() for one in writing)

        index = open_index(directory, current.generation)
        assert index.searcher().num_docs >= committed, f"round {round}"
        Writer.open(directory, current.generation).close()  # the engine's lock is free again


def test_a_closed_writer_says_so(tmp_path: Path) -> None:
    writer, _ = Writer.create(Directory(tmp_path), ["web"])
    writer.close()
    writer.close()

    with pytest.raises(WriterClosed):
        writer.put([])
    with pytest.raises(WriterClosed):
        writer.commit()
