"""What NCIC's codes mean for a comparison: states, vehicle styles, colours, files; and plates that are none.

Codes as the OpenALPR importer and public code manuals have them, a third party's reading: what is not known here
compares as unknown, never as a contradiction.
"""

from __future__ import annotations

from typing import Final, get_args

from edge.record.words import Color, VehicleType

IMMIGRATION: Final = "N"
"""NCIC's Immigration Violator file: refused at import, whatever the settings say."""

FILES: Final = {
    "A": "AMBER Alert",
    "F": "Felony vehicle",
    "W": "Wanted person",
    "V": "Stolen vehicle",
    "P": "Stolen licence plate",
    "M": "Missing person",
    "C": "Supervised release",
    "H": "Protection order",
    "K": "Protective interest",
    "L": "Violent person",
    "R": "Stolen vehicle (Canada)",
    "T": "Threat screening, gang",
    "X": "Sex offender registry",
    "N": "Immigration violator",
}

SUSPENDED: Final = frozenset({"S", "SUSP", "SUSPENDED", "REVOKED", "EXPIRED", "EXPIRED_REGISTRATION", "NO_INSURANCE"})
"""Traffic matters that some states ship beside the stolen cars; the policy prohibits traffic enforcement."""

_STATES: Final = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY"
)
_TERRITORIES: Final = {"PR": "PR", "GU": "GU", "VI": "VI", "AS": "AS", "MP": "MP", "GM": "GU"}
_PROVINCES: Final = {"AB", "BC", "MB", "NB", "NF", "NL", "NS", "NT", "NU", "ON", "PE", "PQ", "QC", "SK", "YT"}
_RENAMED: Final = {"PQ": "QC", "NF": "NL", "NB": "NE"}
"""NCIC's NB is Nebraska; New Brunswick has NK there."""

REGIONS: Final[dict[str, str]] = (
    {state: f"US-{state}" for state in _STATES.split()}
    | _TERRITORIES
    | {code: f"CA-{_RENAMED.get(code, code)}" for code in _PROVINCES - {"NB"}}
    | {"NB": "US-NE", "NK": "CA-NB", "MX": "MX"}
)

STYLES: Final[dict[str, tuple[VehicleType, ...]]] = {
    "2D": ("sedan", "hatchback"),
    "4D": ("sedan", "hatchback"),
    "SD": ("sedan",),
    "CP": ("sedan", "hatchback"),
    "2T": ("sedan",),
    "4T": ("sedan",),
    "HT": ("sedan",),
    "CV": ("sedan",),
    "HB": ("hatchback", "sedan"),
    "2H": ("hatchback", "sedan"),
    "3D": ("hatchback",),
    "5D": ("hatchback", "suv"),
    "SW": ("hatchback", "suv", "van"),
    "LL": ("suv",),
    "UT": ("suv",),
    "MP": ("suv",),
    "PK": ("pickup",),
    "PU": ("pickup",),
    "VN": ("van",),
    "MV": ("van",),
    "BU": ("bus",),
    "MC": ("motorcycle",),
    "MK": ("motorcycle",),
    "MO": ("motorcycle",),
    "TK": ("truck", "pickup"),
    "DS": ("truck",),
    "TR": ("truck",),
    "DP": ("truck",),
    "FB": ("truck",),
    "TT": ("truck",),
    "VT": ("truck",),
}
"""VST, vehicle style → the types that a camera may see in it."""

PLATE_TYPES: Final[dict[str, tuple[VehicleType, ...]]] = {"MC": ("motorcycle",), "BU": ("bus",)}
"""LIT, licence plate type; only those that say what vehicle it is."""

COLORS: Final[dict[str, tuple[Color, ...]]] = {
    "WHI": ("white",),
    "BLK": ("black",),
    "GRY": ("grey",),
    "SIL": ("grey", "white"),
    "RED": ("red",),
    "MAR": ("red", "brown"),
    "BLU": ("blue",),
    "DBL": ("blue", "black"),
    "LBL": ("blue", "grey"),
    "TEA": ("blue", "green"),
    "TRQ": ("blue", "green"),
    "GRN": ("green",),
    "DGR": ("green", "black"),
    "LGR": ("green",),
    "BRO": ("brown",),
    "BRZ": ("brown", "orange"),
    "TAN": ("brown", "yellow"),
    "BGE": ("brown", "yellow", "white"),
    "CRM": ("white", "yellow"),
    "GLD": ("yellow", "brown"),
    "YEL": ("yellow",),
    "ONG": ("orange",),
    "CPR": ("orange", "brown"),
}
"""VCO → the colours that a camera may call it. Purple, pink and chameleon have none of ours: unknown."""

JUNK: Final = (
    "UNKNOWN UNK NONE NULL NOTAG NOTAGS NOPLATE NOPLATES PLATENUMKS TEMP TEMPTAG TEMPTAGS TEMPORARY TEST TESTING "
    "60DAY 30DAY PAPER PAPERTAG DEALER DEALERTAG APPLIED APPLIEDFOR LOST STOLEN EXPIRED NA NIL BLANK PLATE TAG "
    "LICENSE 190"
)
"""Words that clerks type where no plate is known; each would match half of all misreads."""

VEHICLE_TYPES: Final[tuple[VehicleType, ...]] = get_args(VehicleType)
ALL_COLORS: Final[tuple[Color, ...]] = get_args(Color)

_JUNK_ZERO: Final = frozenset(JUNK.replace("O", "0").split())


def region(state: str) -> str | None:
    """NCIC's two letters → ISO 3166-2; `0H` is Ohio, for some states write every O as zero. None when unknown."""
    code = state.strip().upper()
    return REGIONS.get(code) or REGIONS.get(code.replace("0", "O"))


def colors(code: str) -> tuple[Color, ...]:
    """`YEL/BLK` → every colour that a camera may call it."""
    found = [color for part in code.upper().replace("0", "O").split("/") for color in COLORS.get(part.strip(), ())]
    return tuple(dict.fromkeys(found))


def types(style: str, plate_type: str) -> tuple[VehicleType, ...]:
    """Vehicle style, or where it says nothing the plate's type, → the types that a camera may see."""
    return STYLES.get(style.strip().upper(), ()) or PLATE_TYPES.get(plate_type.strip().upper(), ())


def is_junk(text: str) -> bool:
    """Whether a text, O written as zero, is what clerks type for "none": a word, only zeros or X, or too short."""
    same = len(set(text)) == 1 and (text[0] in "0X" or len(text) <= 3)
    return len(text) <= 2 or text in _JUNK_ZERO or same
