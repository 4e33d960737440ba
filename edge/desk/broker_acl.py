"""Mosquitto's configuration, made from the policy: who may say and hear what, and nobody else anything.

A camera publishes its own topics and reads nothing (but, where the policy turns evidence on, what the desk asks of it):
whoever steals one learns nothing of the road. The desk reads the
cameras and writes its own topics. `dispatch` reads hits and verdicts; `supervision` reads states, health and the
audit's head, and never a plate. `frigate`, where the policy has such an adapter, reads what Frigate's listeners read
and nothing else. Everybody proves who they are with a client certificate of the site's own authority;
its common name is the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.link.topics import DELIVERIES, every, topic

if TYPE_CHECKING:
    from edge.settings.policy import Policy

DISPATCH: Final = "dispatch"
SUPERVISION: Final = "supervision"
FRIGATE: Final = "frigate"
FOLDER: Final = "/etc/mosquitto/plate-reader"
DAYS: Final = 825
"""How long a certificate lasts; phones and browsers refuse more, and a device should be visited sooner."""


def files(policy: Policy, folder: str = FOLDER) -> dict[str, str]:
    """File name → content. `folder` is where they will lie on the broker's machine."""
    return {
        "mosquitto.conf": configuration(policy, folder),
        "acl": acl(policy),
        "make-certificates.sh": certificates(policy),
    }


def configuration(policy: Policy, folder: str = FOLDER) -> str:
    """One listener, TLS, client certificates, no anonymous user; what waits for the desk outlives a restart."""
    return f"""# Made by `plate-reader desk --broker-files` from {policy.site}'s policy: make it anew, do not edit it.
listener {policy.broker.port if policy.broker.tls else 8883}
cafile {folder}/ca.crt
certfile {folder}/broker.crt
keyfile {folder}/broker.key
tls_version tlsv1.2
# The certificate's common name is the user; nobody comes in without one.
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {folder}/acl

# The desk's session keeps its messages while it is away, on disk, written each minute. The cameras keep theirs until
# they are acknowledged, so this is comfort and not the only copy.
persistence true
persistence_location /var/lib/mosquitto/
autosave_interval 60
persistent_client_expiration 30d
max_queued_messages 200000
max_packet_size 16384
max_keepalive 600
# Addresses and client ids, and no topic with a name in it.
log_type error
log_type warning
log_type notice
"""


def acl(policy: Policy) -> str:
    """Mosquitto's access list: what is not named is forbidden."""
    site = policy.site
    lines = [f"# Who may say (write) and hear (read) what on the broker of {site}. What is not named is forbidden."]
    frigate = _frigate(policy)
    wanted = {
        kind: one
        for kind, one in DELIVERIES.items()
        if (policy.evidence.enabled or not one.evidence) and (frigate or not one.frigate)
    }
    own = [kind for kind, one in wanted.items() if one.from_desk]
    asked = [kind for kind, one in wanted.items() if one.to_camera]
    told = [kind for kind in wanted if kind not in own and kind not in asked]
    for camera in policy.cameras:
        says = [f"topic write {topic(site, camera, kind)}" for kind in told]
        lines += _user(camera, says + [f"topic read {topic(site, camera, kind)}" for kind in asked])
    lines += _user(
        policy.broker.name,
        [
            f"topic read {every(kind, site)}"
            for kind in ("sighting", "status", "selftest", "access", "evidence")
            if kind in wanted
        ]
        + [f"topic write {topic(site, 'unused', kind)}" for kind in own]
        + [f"topic write {topic(site, camera, kind)}" for kind in asked for camera in policy.cameras],
    )
    lines += _user(DISPATCH, [f"topic read {topic(site, 'unused', kind)}" for kind in ("hit", "verdict")])
    if frigate:
        lines += _user(FRIGATE, [f"topic read {topic(site, 'unused', 'frigate_update')}"])
    watched = [every(kind, site) for kind in ("status", "health", "counters")] + [topic(site, "unused", "audit")]
    lines += _user(SUPERVISION, [f"topic read {wanted}" for wanted in watched])
    return "\n".join(lines) + "\n"


def _frigate(policy: Policy) -> bool:
    return any(one.format == "frigate" for one in policy.adapters)


def _user(name: str, rules: list[str]) -> list[str]:
    return ["", f"user {name}", *rules]


def certificates(policy: Policy) -> str:
    """A shell script for OpenSSL: the site's authority, the broker's certificate, and one for each user."""
    asked = [FRIGATE] if _frigate(policy) else []
    users = " ".join([*policy.cameras, policy.broker.name, DISPATCH, SUPERVISION, *asked])
    return f"""#!/bin/sh
# Makes the certificates of {policy.site}'s broker in the folder it is run in. Run it once, on a machine that is
# not the broker's; take ca.key away (a safe, a stick) when it is done. Each user gets NAME.crt and NAME.key.
set -eu
umask 077
host=${{1:-localhost}}   # the broker's name, as the cameras are to call it
[ -e ca.key ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \\
  -subj "/CN={policy.site} plate reader authority" -addext basicConstraints=critical,CA:TRUE \\
  -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt
make() {{ # name, extension
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  # Newer clients want to see which authority's key it was (Python 3.13 checks it).
  printf '%s\\n' "$2" subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \\
    keyUsage=critical,digitalSignature > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days {DAYS} -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}}
case $host in
  *[!0-9.]*) alternative=DNS:$host ;;
  *) alternative=IP:$host ;;
esac
make broker "subjectAltName=$alternative
extendedKeyUsage=serverAuth"
for user in {users}; do
  make "$user" extendedKeyUsage=clientAuth
done
"""
