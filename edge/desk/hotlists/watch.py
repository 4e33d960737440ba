"""The lists that match now, in this process's memory: reloaded when the store has others, aged by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.desk.hotlists import local, shelf
from edge.desk.hotlists.index import ListIndex, pack, packed_row
from edge.desk.matching import ListInForce

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.hotlists.shelf import Shelved
    from edge.settings.policy import HotlistSettings

CALIBRATION = "calibration"
LOCAL = "local"


class Watch:
    """What to look for."""

    def __init__(self, rules: HotlistSettings) -> None:
        self._rules = rules
        self._shelved: dict[str, tuple[Shelved, ListIndex]] = {}
        self._local: tuple[ListIndex, int] | None = None
        self._calibration = _calibration(rules)

    def refresh(self, connection: Connection, now_ms: int) -> frozenset[str]:
        """Take over what the store has now, and tell the names of the lists that are new."""
        wanted = {name: shelved for name, shelved in shelf.in_force(connection).items() if self._allowed(name)}
        self._shelved = {name: kept for name, kept in self._shelved.items() if name in wanted}
        new = {name for name, shelved in wanted.items() if self._stale_copy(name, shelved)}
        for name in sorted(new):
            index = shelf.load(connection, wanted[name].row)
            if index is not None:
                self._shelved[name] = wanted[name], index
        if self._rules.local.enabled:
            index, changed_ms = local.index(connection, now_ms)
            if self._local is None or changed_ms > self._local[1]:
                new.add(LOCAL)
            self._local = index, changed_ms
        return frozenset(new)

    def lists(self, now_ms: int, names: frozenset[str] | None = None) -> list[ListInForce]:
        """The lists in force, in the policy's order; of `names` alone when given."""
        every = [self._from_store(entry.name, now_ms) for entry in self._rules.lists]
        every += [self._own(LOCAL, self._local[0] if self._local else None, now_ms)]
        every += [self._own(CALIBRATION, self._calibration, now_ms)]
        return [one for one in every if one is not None and (names is None or one.name in names)]

    def installed_ms(self, name: str) -> int:
        """When a list came into force here; 0 for those that always were."""
        if name == LOCAL and self._local:
            return self._local[1]
        return self._shelved[name][0].installed_ms if name in self._shelved else 0

    def file_codes(self) -> tuple[str, ...]:
        """The NCIC files that are in the lists in force."""
        return tuple(sorted({code for shelved, _ in self._shelved.values() for code in shelved.codes}))

    def shelved(self) -> list[Shelved]:
        """The installed lists, without their entries."""
        return [shelved for shelved, _ in self._shelved.values()]

    def _allowed(self, name: str) -> bool:
        # A list that the policy no longer names stays in the store until somebody removes it, and matches nothing.
        return any(entry.name == name for entry in self._rules.lists)

    def _stale_copy(self, name: str, shelved: Shelved) -> bool:
        return name not in self._shelved or self._shelved[name][0].row != shelved.row

    def _from_store(self, name: str, now_ms: int) -> ListInForce | None:
        if name not in self._shelved:
            return None
        shelved, index = self._shelved[name]
        condition = shelf.condition(shelved.made_ms, now_ms, self._rules)
        return ListInForce(
            name=name, version=shelved.version, made_ms=shelved.made_ms, condition=condition, index=index
        )

    def _own(self, name: str, index: ListIndex | None, now_ms: int) -> ListInForce | None:
        """The desk's own lists do not age: each entry has its own end."""
        if index is None or not len(index):
            return None
        return ListInForce(name=name, version=1, made_ms=now_ms, condition="fresh", index=index)


def _calibration(rules: HotlistSettings) -> ListIndex | None:
    planted = rules.calibration
    if planted is None:
        return None
    return ListIndex(pack([packed_row(planted.plate, planted.region, calibration=True)]))
