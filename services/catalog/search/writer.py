"""The only way into an index: one writer a directory, kept out of each other's way by the engine's file lock."""

from collections.abc import Sequence
from typing import Final

import tantivy

from services.catalog.search.directory import Current, Directory
from services.catalog.search.engine import open_index
from services.catalog.search.entry import IndexedProduct
from services.catalog.search.fields import build_schema, document_of, register_tokenizer, stamp

HEAP_BYTES: Final = 64_000_000
"""What the writer holds before it writes a segment; the engine asks for 15 MB at least."""
THREADS: Final = 1
"""One, so that products keep to one segment a commit and the service keeps its other cores."""


class WriterBusy(Exception):
    """Another process still holds the lock of this generation: it is alive, or its end has not been noticed yet."""


class Writer:
    """Writes one generation. Synchronous and slow (a commit waits for the disk): call it in a thread."""

    def __init__(self, index: tantivy.Index) -> None:
        try:
            self._writer = index.writer(HEAP_BYTES, THREADS)
        except ValueError as error:
            raise WriterBusy(str(error)) from error

    @classmethod
    def open(cls, directory: Directory, generation: str) -> "Writer":
        """Go on with a generation; WriterBusy if somebody does already."""
        return cls(open_index(directory, generation))

    @classmethod
    def create(cls, directory: Directory, channels: Sequence[str]) -> "tuple[Writer, Current]":
        """Begin a new one, which counts for nobody until it is swapped in."""
        generation = directory.make_generation()
        index = tantivy.Index(build_schema(channels), str(directory.path_of(generation)), reuse=False)
        register_tokenizer(index)
        return cls(index), Current(generation, stamp(channels), tuple(channels))

    def put(self, rows: Sequence[IndexedProduct], gone: Sequence[str] = ()) -> None:
        """Replace these products and take away those, from the next commit on."""
        for id in (*gone, *(row.id for row in rows)):
            self._writer.delete_documents_by_term("id", id)
        for row in rows:
            self._writer.add_document(document_of(row))

    def commit(self) -> None:
        """Make what was put visible and lasting, all of it or, after a crash, none."""
        self._writer.commit()

    def close(self) -> None:
        """Let segments finish merging and give the lock back."""
        self._writer.wait_merging_threads()
