"""Which devices wait for a person to confirm their code?"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace
from typing import Literal

from zcrm_simulator.oauth.ledger import Grant

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so that no code is a word

Asked = Literal["pending", "slow_down", "expired", "refused", "elsewhere"]


@dataclass(frozen=True)
class Device:
    """A device that waits; ``decision`` is what the person allowed, ``None`` before, ``False`` for no."""

    value: str
    user_code: str
    client_id: str
    scopes: tuple[str, ...]
    offline: bool
    expires_at: float
    asked_at: float = 0.0
    decision: Grant | Literal[False] | None = None


class Devices:
    """The devices that wait, in every data centre."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Device] = {}

    def add(self, client_id: str, scopes: tuple[str, ...], expires_at: float, *, offline: bool) -> Device:
        """Let one more device wait."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(8))
        value = f"1004.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        device = Device(value, f"{code[:4]}-{code[4:]}", client_id, scopes, offline, expires_at)
        with self._lock:
            self._waiting[value] = device
        return device

    def with_code(self, user_code: str, now: float) -> Device | None:
        """Return the device that shows a code and still waits; case, blanks and hyphens do not matter."""
        wanted = "".join(filter(str.isalnum, user_code)).upper()
        with self._lock:
            return next(
                (
                    one
                    for one in self._waiting.values()
                    if one.user_code.replace("-", "") == wanted
                    and now < one.expires_at
                    and one.decision is None
                ),
                None,
            )

    def decide(self, device: Device, decision: Grant | Literal[False]) -> None:
        """Note what the person decided."""
        with self._lock:
            self._waiting[device.value] = replace(self._waiting[device.value], decision=decision)

    def ask(
        self, value: str, client_id: str, data_center: str, now: float, interval: float
    ) -> Device | Asked | None:
        """Return a device whose person said yes here, and let it wait no longer; else how things stand."""
        with self._lock:
            device = self._waiting.get(value)
            if device is None or device.client_id != client_id:
                return None
            if now >= device.expires_at or now < device.asked_at + interval:
                return "expired" if now >= device.expires_at else "slow_down"
            self._waiting[value] = replace(device, asked_at=now)
            decision = device.decision
            if not decision:
                return "pending" if decision is None else "refused"
            if decision.place.data_center != data_center:
                self._waiting[value] = device  # to be asked again at once, elsewhere
                return "elsewhere"
            return self._waiting.pop(value)

    def home_of(self, value: str) -> str:
        """Return the data centre in which the person of a device lives."""
        with self._lock:
            decision = self._waiting[value].decision
        return decision.place.data_center if decision else ""
