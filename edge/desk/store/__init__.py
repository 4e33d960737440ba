"""What the desk remembers: tables, transactions, and the days' counters."""

from edge.desk.store.counters import count, day
from edge.desk.store.engine import DiskFull, Store, StoreAway, StoreError, get_state, open_store, set_state

__all__ = ["DiskFull", "Store", "StoreAway", "StoreError", "count", "day", "get_state", "open_store", "set_state"]
