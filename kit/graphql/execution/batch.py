"""Batch resolvers: one call for all parents of a field at a level, compiled or under graphql-core."""

import inspect
from asyncio import Future, Task, get_running_loop
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

import strawberry

BATCH_MARK = "__noren_batch__"
"""The attribute of a resolver that holds its batch function."""

BatchFunction = Callable[..., Awaitable[Sequence[Any]] | Sequence[Any]]
"""(parents, info, **arguments) to one value a parent, in order; an exception among them is that parent's error."""


def batch_field(**options: Any) -> Callable[[Any], Any]:
    """Strawberry field whose resolver answers for all parents of a level at once.

    The function is a staticmethod: `price(parents: Sequence["Variant"], info: Info, currency: str | None = None) ->
    list[Price | None]`; the field's type is the list's item. `options` are those of `strawberry.field`. Where the
    compiler does not run, graphql-core calls it too, once for all parents it meets in one turn of the event loop.
    """

    def decorate(function: Any) -> Any:
        batch = function.__func__ if isinstance(function, staticmethod) else function
        return strawberry.field(resolver=_single(batch), **options)

    return decorate


def batch_resolver(batch: BatchFunction) -> Callable[..., Any]:
    """The same for a plain graphql-core field: `GraphQLField(type, resolve=batch_resolver(prices))`."""

    async def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        return await _gather(batch, source, info, arguments, True)

    setattr(resolve, BATCH_MARK, batch)
    return resolve


def check_length(asked: int, answered: Sequence[Any], name: str) -> Sequence[Any]:
    """A batch resolver answers for every parent, or all of them fail."""
    if not isinstance(answered, list | tuple):
        raise TypeError(f"{name}: expected a list from a batch resolver, got {type(answered).__name__}")
    if len(answered) != asked:
        raise ValueError(f"{name}: {asked} parents asked for, {len(answered)} answered")
    return answered


def _single(batch: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(batch)
    parents, *others = signature.parameters.values()
    takes_info = any(parameter.name == "info" for parameter in others)

    async def resolve(self: Any, **arguments: Any) -> Any:
        return await _gather(batch, self, arguments.pop("info", None), arguments, takes_info)

    itself = parents.replace(name="self", annotation=inspect.Parameter.empty)
    returned = _item_of(signature.return_annotation)
    resolve.__signature__ = inspect.Signature([itself, *others], return_annotation=returned)  # type: ignore[attr-defined]
    resolve.__annotations__ = {parameter.name: parameter.annotation for parameter in others} | {"return": returned}
    resolve.__module__, resolve.__name__, resolve.__qualname__ = batch.__module__, batch.__name__, batch.__qualname__
    resolve.__doc__ = batch.__doc__
    setattr(resolve, BATCH_MARK, batch)
    return resolve


def _item_of(annotation: Any) -> Any:
    """`list[Price | None]` is one `Price | None` a parent, written out or as a string."""
    if isinstance(annotation, str):
        text = annotation.strip()
        for prefix in ("list[", "Sequence["):
            if text.startswith(prefix) and text.endswith("]"):
                return text[len(prefix) : -1]
    elif getattr(annotation, "__args__", None):
        return annotation.__args__[0]
    raise TypeError(f"a batch resolver returns a list of what its field is, got {annotation!r}")


_Waiting = list[tuple[Any, "Future[Any]"]]
_WAITING: dict[Hashable, tuple[Any, _Waiting]] = {}
"""Parents that wait for the end of this turn of the loop: by batch, request context and arguments."""
_TASKS: set[Task[None]] = set()
"""What answers them: the loop itself keeps no task alive."""


async def _gather(batch: BatchFunction, parent: Any, info: Any, arguments: dict[str, Any], takes_info: bool) -> Any:
    loop = get_running_loop()
    context = getattr(info, "context", None)
    key = (batch, id(loop), id(context), repr(arguments))
    entry = _WAITING.get(key)
    if entry is None:
        entry = _WAITING[key] = (context, [])
        given = {**arguments, "info": info} if takes_info else arguments
        loop.call_soon(_begin, key, batch, given)
    future: Future[Any] = loop.create_future()
    entry[1].append((parent, future))
    return await future


def _begin(key: Hashable, batch: BatchFunction, arguments: dict[str, Any]) -> None:
    task = get_running_loop().create_task(_answer(key, batch, arguments))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def _answer(key: Hashable, batch: BatchFunction, arguments: dict[str, Any]) -> None:
    _, waiting = _WAITING.pop(key)
    try:
        found = batch([parent for parent, _ in waiting], **arguments)
        values = await found if inspect.isawaitable(found) else found
        values = check_length(len(waiting), values, getattr(batch, "__qualname__", "batch"))
    except Exception as error:
        values = [error] * len(waiting)
    for (_, future), value in zip(waiting, values, strict=True):
        if future.done():
            continue
        if isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_result(value)
