"""A device asks, somebody lets it in, it takes its key."""

from datetime import datetime

from gateway.device.model import (
    CODE_TTL,
    MAX_NAME,
    Codes,
    DeviceCodeOver,
    DeviceNotReady,
    DeviceState,
    Waiting,
    new_codes,
    typed,
)
from gateway.device.store import DeviceStore
from gateway.keys.actions import Shown, create_key
from gateway.keys.directory import KeyDirectory
from gateway.keys.model import Grant, Holder, KeyDraft, check_draft
from kit.errors import InvalidInput, Refused


async def begin(devices: DeviceStore, name: str, *, now: datetime) -> Codes:
    """Codes for a device that calls itself so; Refused for a name that says nothing."""
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Refused(InvalidInput(path=("input", "name"), expected=f"1 to {MAX_NAME} characters", got=str(len(name))))
    codes = new_codes()
    await devices.add(codes, name, now + CODE_TTL)
    return codes


async def approve(
    devices: DeviceStore, user_code: str, draft: KeyDraft, holder: Holder, *, actor: str, now: datetime
) -> Waiting:
    """Let in the device that shows this code, with a key that may do no more than its approver."""
    check_draft(draft, now, holder)
    waiting = await devices.approve(typed(user_code), draft, actor, now)
    if waiting is None:
        raise Refused(DeviceCodeOver(path=("input", "userCode")))
    return waiting


async def take(devices: DeviceStore, keys: KeyDirectory, device_code: str, *, now: datetime) -> Shown:
    """The key of a device that was let in, once; DeviceNotReady as long as it was not.

    A crash between taking and making leaves no key: the device asks for another code.
    """
    waiting = await devices.take(device_code, now)
    if waiting is None or waiting.state is DeviceState.TAKEN:
        raise Refused(DeviceCodeOver(path=("input", "deviceCode")))
    if waiting.draft is None or waiting.approver is None:
        raise Refused(DeviceNotReady())
    return await create_key(keys.store, keys.pepper, waiting.draft, actor=waiting.approver, now=now)


def draft_of(name: str, keys: KeyDirectory, grant: Grant) -> KeyDraft:
    """The key of a device; its name is the approver's word, not the device's."""
    return KeyDraft(name, environment=keys.environment, grant=grant)
