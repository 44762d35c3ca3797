"""Numbers that depend on a request's variables, or do not: those that do not are worked out once an operation."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Value = int | Callable[[Mapping[str, Any]], int]


def total(values: Iterable[Value]) -> Value:
    """The sum."""
    known, open_ = _parted(values)
    if not open_:
        return sum(known)
    constant = sum(known)
    if len(open_) == 1 and not constant:
        return open_[0]
    return lambda variables: constant + sum([value(variables) for value in open_])


def highest(values: Iterable[Value]) -> Value:
    """The largest, 0 of none."""
    known, open_ = _parted(values)
    if not open_:
        return max(known, default=0)
    constant = max(known, default=0)
    if len(open_) == 1 and not constant:
        return open_[0]
    return lambda variables: max(constant, *[value(variables) for value in open_])


def product(times: Value, each: Value) -> Value:
    """`times` × `each`. What `times` refuses is refused, also of things that cost nothing."""
    if isinstance(times, int):
        if isinstance(each, int):
            return times * each
        return each if times == 1 else (lambda variables: times * each(variables))
    if isinstance(each, int):
        return lambda variables: times(variables) * each
    return lambda variables: times(variables) * each(variables)


def _parted(values: Iterable[Value]) -> tuple[list[int], list[Callable[[Mapping[str, Any]], int]]]:
    known: list[int] = []
    open_: list[Callable[[Mapping[str, Any]], int]] = []
    for value in values:
        if isinstance(value, int):
            known.append(value)
        else:
            open_.append(value)
    return known, open_
