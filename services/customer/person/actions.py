"""What rooms ask before they keep anything of a person."""

from kit.errors import NotFound, Path, Refused
from services.customer.store import CustomerStore


async def refuse_forgotten(store: CustomerStore, subject: str, path: Path) -> None:
    """Refused with NotFound for a profile or device of whom nothing is kept any more: they were erased."""
    if await store.behaviour.forgotten([subject]):
        raise Refused(NotFound(path=path, kind="Customer", id=subject))
