"""A plan made ready to be followed many times: who waits for whom, and how each fetch finds its objects."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.executor.joining import Joined
from gateway.executor.targets import Teller
from gateway.plan import Fetch, Plan


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One request to a subgraph. `members` are those it was joined from, for when they have to go apart again.

    `after` are the ids of the planned fetches it waits for, and `ids` those that are done with it.
    """

    fetch: Fetch
    tellers: tuple[Teller, ...]
    members: "tuple[Task, ...]"
    ids: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, fetch: Fetch, members: tuple[Fetch, ...] = ()) -> "Task":
        """Compile a fetch as it was planned, or one joined from others."""
        parts = members or (fetch,)
        ids = tuple(part.id for part in parts)
        return cls(
            fetch=fetch,
            tellers=tuple(Teller.of(told) for told in fetch.representations),
            members=tuple(cls.of(member) for member in members),
            ids=ids,
            after=tuple(dict.fromkeys(dep for part in parts for dep in part.depends_on)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Tasks, and by planned fetch those that wait for it. `plan` is what `explain` prints.

    A subscription has no roots but a `source`, after each event of which the others are followed.
    """

    plan: Plan
    roots: tuple[Task, ...]
    waits: Mapping[int, int]
    releases: Mapping[int, tuple[Task, ...]]
    parallel: bool
    source: Task | None = None
    contextual: bool = False
    """Whether arguments are set from context: objects that are the same may then be answered differently."""

    @classmethod
    def of(cls, planned: Plan, joined: Joined) -> "Program":
        """Compile a plan whose fetches have been joined."""
        singles = {fetch.id: fetch for fetch in planned.fetches}
        tasks = [
            Task.of(fetch, joined.members[fetch.id]) if fetch.id in joined.members else Task.of(singles[fetch.id])
            for fetch in joined.plan.fetches
        ]
        releases = {number: tuple(task for task in tasks if number in task.after) for number in singles}
        roots = tuple(task for task in tasks if not task.after)
        source = roots[0] if planned.kind == "subscription" else None
        return cls(
            plan=joined.plan,
            source=source,
            roots=() if source else roots,
            waits={task.fetch.id: len(task.after) for task in tasks},
            releases=releases,
            parallel=len(roots) > 1 or any(len(after) > 1 for after in releases.values()) or bool(joined.members),
            contextual=any(fetch.contexts for fetch in planned.fetches),
        )
