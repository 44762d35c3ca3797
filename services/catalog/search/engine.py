"""What catalog asks to find something: the newest state of the index this process can see."""

from collections.abc import Callable, Mapping, Sequence

import tantivy

from kit.errors import Unavailable
from services.catalog.search.directory import Current, Directory
from services.catalog.search.fields import register_tokenizer, stamp
from services.catalog.search.reader import Reader
from services.catalog.search.synonyms import Thesaurus


class SearchEngine:
    """Reads the index in `directory`; `refresh` looks for a newer state, and costs two `stat`s if there is none."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._thesaurus = Thesaurus()
        self._opened: tuple[Current, tantivy.Index] | None = None
        self._seen: tuple[int, int] | None = None
        self._reader: Reader | None = None
        self.on_state: Callable[[], None] = lambda: None

    @property
    def reader(self) -> Reader:
        """The state that is read; Unavailable while the index is made for the first time, or anew after an update."""
        if self._reader is None:
            self.refresh()
        if self._reader is None:
            raise Unavailable("search: the index is being built")
        return self._reader

    def refresh(self) -> bool:
        """See what was committed or swapped in since; says whether there was anything."""
        seen = self._directory.changed_at()
        if seen == self._seen:
            return False
        current = self._directory.current()
        if current is None or current.stamp != stamp(current.channels):
            self._reader = None
            return False
        if self._opened is None or self._opened[0] != current:
            self._opened = (current, open_index(self._directory, current.generation))
        self._opened[1].reload()
        self._seen = seen
        self._renew()
        return True

    def use_synonyms(self, own: Mapping[str, Sequence[str]]) -> None:
        """Search with these groups of staff's besides the shipped ones."""
        self._thesaurus = Thesaurus(own)
        self._renew()

    def _renew(self) -> None:
        if self._opened is not None:
            index = self._opened[1]
            self._reader = Reader(index.schema, index.searcher(), self._thesaurus)
            self.on_state()


def open_index(directory: Directory, generation: str) -> tantivy.Index:
    """A generation, with the tokenizer its fields name; it is reloaded by hand."""
    index = tantivy.Index.open(str(directory.path_of(generation)))
    register_tokenizer(index)
    index.config_reader("manual")
    return index
