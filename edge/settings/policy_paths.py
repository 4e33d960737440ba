"""Relative paths in a policy → absolute ones: they begin in the folder above the policy file's own.

As in a camera's settings, a bare name in a key that ends in `_file` is a systemd credential, and stays.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.settings.policy import Policy

_SQLITE = "sqlite:///"


def anchored_policy(policy: Policy, root: Path) -> Policy:
    """The same policy with every path absolute. Take its `digest` before: it must not hinge on a folder's name."""
    broker, audit = policy.broker, policy.audit
    return msgspec.structs.replace(
        policy,
        broker=msgspec.structs.replace(
            broker,
            ca_file=_file(broker.ca_file, root),
            certificate_file=_file(broker.certificate_file, root),
            key_file=_file(broker.key_file, root),
            password_file=_file(broker.password_file, root),
        ),
        store=msgspec.structs.replace(policy.store, url=_url(policy.store.url, root)),
        audit=msgspec.structs.replace(audit, anchors=None if audit.anchors is None else str(root / audit.anchors)),
        adapters=tuple(
            msgspec.structs.replace(one, token_file=_file(one.token_file, root), ca_file=_file(one.ca_file, root))
            for one in policy.adapters
        ),
    )


def _file(name: str | None, root: Path) -> str | None:
    return str(root / name) if name is not None and "/" in name else name


def _url(url: str, root: Path) -> str:
    if not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{root / url.removeprefix(_SQLITE)}"
