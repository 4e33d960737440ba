"""What the department has decided: one Struct a section of `config/policy.yaml`, limits included.

Every sentence of the published policy that a number or a list can express is a key here, and nothing else is. What
contradicts itself is refused (`policy_rules`), so a desk never runs on a policy that cannot be kept.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from edge.record.words import Name
from edge.settings.camera import BrokerSettings, Section

DAY_S = 86_400
THREE_MINUTES_DAYS = 3 / 1440

Title = Annotated[str, msgspec.Meta(min_length=2, max_length=120)]
Sentence = Annotated[str, msgspec.Meta(min_length=2, max_length=2000)]
AgencyName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z .,'&()-]{1,63}$")]
PersonName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9 .,'#-]{1,63}$")]
FileCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]$")]
RegionCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
PlateSetting = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{2,12}$")]
WebAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https?://[!-~]{1,500}$", extra_json_schema={"description": "an address such as https://HOST/PATH"}
    ),
]
Hours = Annotated[float, msgspec.Meta(gt=0.0, le=168.0)]
Minutes = Annotated[float, msgspec.Meta(ge=0.0, le=1440.0)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class DepartmentSettings(Section, frozen=True, kw_only=True):
    """Who publishes this policy, in its own words; printed on the transparency page as they stand."""

    name: AgencyName
    overview: Sentence
    detected: tuple[Title, ...]
    not_detected: tuple[Title, ...]
    acceptable_use: Sentence
    prohibited_uses: Sentence
    access_policy: Sentence
    hotlist_policy: Sentence
    contact: Title | None = None


class DeskBroker(BrokerSettings, frozen=True, kw_only=True):
    """The broker, as the desk sees it."""

    name: Name = "desk"
    """This desk, to the broker: each of several desks has its own."""
    share: Name | None = None
    """Desks that give the same name share the sightings (MQTT shared subscription); empty: this desk gets them all."""


class StoreSettings(Section, frozen=True, kw_only=True):
    """Where the desk keeps what it knows."""

    url: Annotated[str, msgspec.Meta(pattern=r"^(sqlite:///|postgresql(\+psycopg)?://)[^\s]+$")] = (
        "sqlite:////var/lib/plate-desk/desk.db"
    )
    """`sqlite:///file` or `postgresql://host/database`. No password here: PostgreSQL reads its own .pgpass."""


class RetentionSettings(Section, frozen=True, kw_only=True):
    """How long a sighting, a hit and what belongs to them live, counted from the capture."""

    days: Annotated[float, msgspec.Meta(ge=THREE_MINUTES_DAYS, le=30.0)] = 30.0
    """From three minutes (0.0021) to 30 days, and no further."""
    purge_every_s: Annotated[float, msgspec.Meta(ge=1.0, le=3600.0)] = 60.0


class LimitSettings(Section, frozen=True, kw_only=True):
    """What one camera can have written in a day, so that one that was taken over cannot fill the store."""

    sightings: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)] = 50_000
    """Of one day of capture. A lane at its fullest carries as many."""
    hits: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 1_000
    """Each is a row in the audit log, for good."""
    gaps: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 500
    """Holes in its numbering; one more is counted and not noted."""
    outages: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 100
    """Then the last one counts as going on until the day is over."""
    accesses: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 100
    """Recordings that a technician began or ended."""


class ListSettings(Section, frozen=True, kw_only=True):
    """One hotlist that may be installed; its title stands on the public page."""

    name: Name
    title: Title
    format: Literal["ncic", "csv", "amber"]


class CalibrationSettings(Section, frozen=True, kw_only=True):
    """A vehicle of the department's own that passes daily and must raise a hit: the path, proven end to end."""

    plate: PlateSetting
    region: RegionCode
    every_hours: Hours = 24.0
    """No calibration hit for this long is said in the desk's status."""


class LocalListSettings(Section, frozen=True, kw_only=True):
    """Entries that the department makes itself: a case number, two persons and an expiry each."""

    enabled: bool = False
    title: Title = "Local entries"
    days_max: Annotated[float, msgspec.Meta(gt=0.0, le=90.0)] = 30.0


class HotlistSettings(Section, frozen=True, kw_only=True):
    """What is alerted on, and how old it may be."""

    lists: Annotated[tuple[ListSettings, ...], msgspec.Meta(max_length=12)] = ()
    file_codes: tuple[FileCode, ...] = ("A", "F", "W", "V", "P", "M", "C", "H", "K", "L", "R", "T", "X")
    """NCIC files that may match; entries of others are left out at import and counted. N is refused, here and there."""
    stale_hours: Hours = 24.0
    dead_hours: Hours = 72.0
    local: LocalListSettings = LocalListSettings()
    calibration: CalibrationSettings | None = None


class MatchingSettings(Section, frozen=True, kw_only=True):
    """When a sighting is a hit, and when a hit is an alert."""

    confusable: bool = True
    one_edit: bool = False
    """One character more, less or other. Off: on a list of a hundred thousand it finds mostly strangers."""
    look_back_minutes: Minutes = 30.0
    """A list that arrives later is compared with what was seen this recently."""
    live_minutes: Annotated[float, msgspec.Meta(ge=0.1, le=10.0)] = 10.0
    """Older than this, a hit is for the record and never an alert."""
    character_probability_min: Probability = 0.8
    """A matched character below this makes a hit `possible` at best."""
    region_confidence_min: Probability = 0.6
    """A state that the camera is less sure of counts as unknown."""
    vehicle_confidence_min: Probability = 0.6
    """A type or colour that the camera is less sure of contradicts nothing."""


class Purpose(Section, frozen=True, kw_only=True):
    """A purpose that a search may have."""

    key: Name
    title: Title
    case_required: bool = False


class Prohibited(Section, frozen=True, kw_only=True):
    """A purpose that no search may have, and the words by which it shows in a reason."""

    key: Name
    title: Title
    words: tuple[Annotated[str, msgspec.Meta(min_length=2, max_length=40)], ...] = ()


class SearchSettings(Section, frozen=True, kw_only=True):
    """What a search must say to be answered."""

    purposes: Annotated[tuple[Purpose, ...], msgspec.Meta(min_length=1, max_length=64)]
    prohibited: tuple[Prohibited, ...]
    reason_characters_min: Annotated[int, msgspec.Meta(ge=8, le=200)] = 15
    reason_words_min: Annotated[int, msgspec.Meta(ge=2, le=20)] = 3
    boilerplate: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=40)], ...] = ()
    """Words that say nothing; a reason made of these alone is no reason."""


class AuditSettings(Section, frozen=True, kw_only=True):
    """Who reads the log in full, and what lies outside the store to prove that it was not cut."""

    readers: tuple[PersonName, ...] = ()
    """Logins of this machine: the only ones to whom a row shows the plate that was searched for."""
    anchors: str | None = None
    """A file, best on another disk, to which the chain's head is appended hourly."""


class EvidenceSettings(Section, frozen=True, kw_only=True):
    """Whether a camera is asked for the crop of a plate that became a hit."""

    enabled: bool = False


class AdapterSettings(Section, frozen=True, kw_only=True):
    """Another system that is handed each sighting with a plate, and keeps it by its own rules."""

    format: Literal["frigate", "plate_recognizer", "openalpr"]
    """`frigate` goes to the desk's own broker; the others are POSTed to `url`."""
    url: WebAddress | None = None
    token_file: str | None = None
    """A file of one line, sent as the Authorization header; a bare name is looked for among systemd's credentials."""
    ca_file: str | None = None
    """The only authority that is trusted; empty: the system's."""
    cameras: tuple[Name, ...] = ()
    """Whose sightings; empty: all."""

    @property
    def receiver(self) -> str:
        """Who receives, as it may be told in public: the host alone."""
        return "this department's own broker" if self.url is None else urlsplit(self.url).hostname or ""


class TransparencySettings(Section, frozen=True, kw_only=True):
    """What the public page holds back."""

    small_cell: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    """Parts of a whole that count fewer than this are not shown: four dismissed hits may be one family."""


class Policy(Section, frozen=True, kw_only=True):
    """The whole file."""

    site: Name
    department: DepartmentSettings
    cameras: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=256)]
    agencies: Annotated[tuple[AgencyName, ...], msgspec.Meta(max_length=2000)]
    """Outside organisations that may ask; the department itself may always."""
    search: SearchSettings
    broker: DeskBroker = DeskBroker()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings = RetentionSettings()
    limits: LimitSettings = LimitSettings()
    hotlists: HotlistSettings = HotlistSettings()
    matching: MatchingSettings = MatchingSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    audit: AuditSettings = AuditSettings()
    adapters: Annotated[tuple[AdapterSettings, ...], msgspec.Meta(max_length=4)] = ()
    transparency: TransparencySettings = TransparencySettings()
