"""The only way into an index: one writer a directory, kept out of each other's way by the engine's file lock."""

from collections.abc import Sequence
from threading import Lock
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


class WriterClosed(Exception):
    """Somebody closed the writer while another thread was about to write: what it had is not in the index."""


class Writer:
    """Writes one generation. Synchronous and slow (a commit waits for the disk): call it in a thread.

    One thread at a time is in it: who cancels what waits for a thread closes the writer while that thread still writes.
    """

    def __init__(self, index: tantivy.Index) -> None:
        self._lock = Lock()
        try:
            self._writer: tantivy.IndexWriter | None = index.writer(HEAP_BYTES, THREADS)
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
        documents = [document_of(row) for row in rows]
        with self._lock:
            writer = self._open()
            for id in (*gone, *(row.id for row in rows)):
                writer.delete_documents_by_term("id", id)
            for document in documents:
                writer.add_document(document)

    def commit(self) -> None:
        """Make what was put visible and lasting, all of it or, after a crash, none."""
        with self._lock:
            self._open().commit()

    def close(self) -> None:
        """Let segments finish merging and give the engine's lock back; again does nothing."""
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.wait_merging_threads()

    def _open(self) -> tantivy.IndexWriter:
        if self._writer is None:
            raise WriterClosed
        return self._writer
