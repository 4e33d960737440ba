# ruff: noqa: E501 -- one issuer a line, however long: a table is read across
"""What plates look like, issuer by issuer: colours by generation, name, slogan, lettering, emblem.

One line each, so that a design can be checked against a photograph at a glance. Colours are RGB, written
`background[>lower background]/ink[/name]`; several generations are parted by commas, the newest first.
Serials come from `edge.camera.plates.FORMATS`. Emblem places: `c` between the groups, `l` left, `r` right, `b` behind.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.camera.plates import FORMATS


@dataclass(frozen=True)
class Colours:
    """One generation's paint, BGR."""

    top: tuple[int, int, int]
    bottom: tuple[int, int, int]
    ink: tuple[int, int, int]
    name: tuple[int, int, int]


@dataclass(frozen=True)
class Design:
    """One issuer's plates."""

    region: str
    name: str
    slogans: tuple[str, ...]
    lettering: str
    """`b` block, `s` serif, `c` script."""
    emblem: str
    generations: tuple[Colours, ...]
    formats: tuple[str, ...]
    wide: bool = False
    """520×112 mm rather than 12×6 inches."""
    band: str = ""
    """Letters in the blue band at the left edge of a European plate."""


_US = """
US-AL|Alabama|Heart of Dixie;Sweet Home;God Bless America|c|l|fff>cfe3f2/123/b22,e8f0fa>fff/1a2f6b/c23,fff/c22
US-AK|ALASKA|The Last Frontier|b|c|f2b41c>f7c948/12275e,fff>f5d88a/1a2f6b,f2b41c/111
US-AZ|ARIZONA|Grand Canyon State|b|cb|9fd6d2>f0c6a0/2b2f6e/5a2d82,7a1f3d/fff,fff>bfe3ea/2d2a6b
US-AR|Arkansas|The Natural State|s|b|fff>d8e8d8/222/1d6b3a,e9f0f6>fff/15305e,fff/b21
US-CA|California|dmv.ca.gov;The Golden State|c||fff/1c2a5c/c8252e,1d2f77/f3c13a,111/f0b629,fff/1c2a5c/1c2a5c
US-CO|COLORADO||b|cb|2b5e3a>f4f6f4/1d5a34/fff,1f6b3c/fff,fff/1d5a34,7a1f2f/fff
US-CT|Connecticut|Constitution State|s|c|8fb8e6>f6f9fc/14296b,1d3f8a/fff,fff/14296b
US-DE|DELAWARE|The First State|b||16245c/e8b83a,17265f/f2c84b,fff/111
US-DC|WASHINGTON, DC|Taxation Without Representation;End Taxation Without Representation;Celebrate & Discover|b|c|fff/1b2f6e/1b2f6e,fff>e2ecf7/b3202c
US-FL|FLORIDA|Sunshine State;MyFlorida.com;In God We Trust|b|c|fff>e3f0df/1c5a36/1c5a36,fff/1b6b3f/1b6b3f,fff/b3202c
US-GA|GEORGIA|Peach State;on my mind;FULTON;COBB;GWINNETT|s|cb|fff>f3e0cf/222/1f2d5f,fff/1c2a5c,d9ecd7>fff/20603f
US-HI|HAWAII|Aloha State|b|b|fff/1a1a1a,fff>f3e6f0/222/333
US-ID|IDAHO|Scenic;Famous Potatoes|s|b|c4202c>fff/12275e/c4202c,d23b43>f6f6fb/16306b/c23
US-IL|Illinois|Land of Lincoln|c|b|dfeaf5>fff/b3202c/1b2f6e,fff/14306b/14306b,fff/b3202c
US-IN|INDIANA|In God We Trust;Bicentennial 1816-2016;Amber Waves of Grain|b|l|9cc3e8>f4f8fc/16264f,3564a6>e8c96b/111,fff>dfe9f5/1c2f6b
US-IA|IOWA|POLK;LINN;SCOTT;Fields of Opportunities|b|b|a9cdea>fff/12275e/1b4fa0,e9f0f7/14306b,1d3a6b/fff
US-KS|KANSAS|To The Stars;Johnson;Ad Astra;Midway USA;The Wheat State|s|bl|cfe0f0>f4f8fb/16264f/16264f,f2c230>eec95a/15234f,16264f/f0b92c,9fc1e6>e8f1fa/14233f/1c2f6b,fff/14306b,dfe7d2>f2f2e5/1a2b5c,f0f0f0/111
US-KY|Kentucky|Bluegrass State;Unbridled Spirit;In God We Trust;JEFFERSON;FAYETTE|s|b|fff>9fc7ea/16264f,e4eefa>fff/1c2a7c,fff/1c2a7c
US-LA|Louisiana|Sportsman's Paradise;Bicentennial;Pelican State|c|cb|fff/14306b/b3202c,dfeaf7>fff/14306b/2a2f8a,fff/1d6b3a
US-ME|MAINE|Vacationland|b|lb|fff>d8ead5/1f3b2a,fff/111/16306b,f6efe0/1c4f33
US-MD|MARYLAND|www.maryland.gov;War of 1812;mva.maryland.gov|b|cb|fff/111/111,fff>f3d9a0/111/b3202c,fff/111/1c2f6b
US-MA|Massachusetts|The Spirit of America|s||fff/b3202c/1b2f6e,fff/b3202c/b3202c,fff/1d6b3a
US-MI|MICHIGAN|Pure Michigan;www.michigan.gov;Great Lakes State;Water-Winter Wonderland|b||fff/16306b/16306b,1d57a5/fff,24559f>1d4a92/fff,fff>d6e6f6/14306b,111/fff
US-MN|Minnesota|10,000 lakes;Explore|b|cb|bfe0f2>fff/1b2f6e/1b4fa0,e7f3f9>fff/1b2f6e,111/fff
US-MS|MISSISSIPPI|Hospitality State;In God We Trust;HINDS;RANKIN|s|cb|f6efd9>fff/16264f,dfeaf5>fff/14306b,fff>e7d3a5/1c2a5c
US-MO|MISSOURI|Show-Me State;Bicentennial|b|c|fff>cfdff0/14306b/b3202c,dbe9f6>fff/16264f/16264f,d9efe0>fff/1c3f6b
US-MT|MONTANA|Treasure State;Big Sky Country|b|b|1d3f8a/fff,1c2f6b/fff,fff>a9cdea/12275e,b78b4a/111
US-NE|NEBRASKA|www.nebraska.gov;The Good Life|b|cb|fff/16264f/16264f,f3e2b0>fff/222/b3202c,dfeaf7>f6e9c9/14306b
US-NV|NEVADA|The Silver State;Home Means Nevada|b|cb|bcd9ee>e9d9c0/16264f/16264f,cfe3f3>fff/1b2f6e,f0d28a>b8d0ea/1a2f6b
US-NH|NEW HAMPSHIRE|Live Free or Die|s|lb|fff>b9d7c5/1d4f33,dfeee5>fff/1d5a34,fff/1d5a34
US-NJ|New Jersey|Garden State|s|c|f0d35a>fff/111,f3dc7a>fff/222,f6e9b0/222,fff/14306b,d9b54a/111
US-NM|NEW MEXICO|Land of Enchantment;USA|b|cb|f3c52c/b3202c,28a6a8/f3d35a,f2c230/b3202c
US-NY|NEW YORK|Empire State;Excelsior|b|c|eaa72c/16264f,fff/16264f/e0a020,fff>f3f3ff/1c2a5c,f0c060>fff/1b2f6e
US-NC|NORTH CAROLINA|First in Flight;First in Freedom;In God We Trust|b|b|fff>d5e6f5/1b3f9a/b3202c,fff/1b3f9a/b3202c
US-ND|NORTH DAKOTA|Legendary;Peace Garden State;Discover the Spirit|s|bl|5d9bd6>d9a04a/111,fff>9fc7ea/16264f,f0e3c0/14306b
US-OH|OHIO|Birthplace of Aviation;Sunrise;Beautiful Ohio;The Heart of it All|s|cb|fff/14306b/b3202c,9fd0f0>e5efd0/222,fff>f3d9a0/1b2f6e
US-OK|OKLAHOMA|Native America;Explore;Travelok.com|b|cb|7fb2de>fff/14306b,fff>d9e9c9/1b4f33,fff/1d5a34
US-OR|Oregon|Pacific Wonderland|s|cb|cfe0f0>e9dff0/1c2a5c,9fb9e0>f3efe6/16306b,1d3f8a/f2c230,f2c230/1d3f8a
US-PA|PENNSYLVANIA|visitPA.com;Keystone State;Memories Last a Lifetime;You've got a friend|b|c|1d3f8a>f2d35a/14306b/fff,1d4f9f/f2c230,f2c230/1d3f8a,fff>f3dc7a/14306b
US-RI|Rhode Island|Ocean State|b|lb|fff>bfe0ec/111,dff0f7>fff/16264f/1b4fa0,fff/111
US-SC|South Carolina|Smiling Faces. Beautiful Places.;While I Breathe, I Hope;In God We Trust|c|cb|fff>bcd6ef/16264f,f0d8a5>a9c7e8/1c2a5c,fff/14306b
US-SD|South Dakota|Great Faces. Great Places.|c|b|fff>bcd9ee/b3202c,9fc7ea>fff/16306b,dfeaf5/222
US-TN|TENNESSEE|The Volunteer State;TNvacation.com;In God We Trust;SHELBY;DAVIDSON|b|cb|1c3f6b>16355c/fff,fff>bfe0c5/1c4f33,dff0e0>fff/1a3a6b,fff/16264f
US-TX|TEXAS|The Lone Star State|b|cb|fff/111/111,fff>d6e3f3/1b2f6e,fff/1b2f6e,e9eff6>f3dfc0/14306b
US-UT|UTAH|Life Elevated;Greatest Snow on Earth;In God We Trust;1896 Centennial|b|cb|7fb8e8>e8925a/14233f,fff>a9cdea/16306b,fff>f0c9a0/14306b
US-VT|VERMONT|Green Mountain State|s||1d5a3c/fff,1f6b45/fff,1c5034/fff
US-VA|VIRGINIA|Virginia is for Lovers;400th Anniversary|b|c|fff/16306b,fff/1b2f6e/b3202c,fff>dfeaf5/1c2a6b
US-WA|WASHINGTON|Evergreen State|b|b|fff>cfe0f3/16264f/b3202c,e3ebf7>fff/14306b,1d5a34/fff
US-WV|West Virginia|Wild, Wonderful;Mountain State|s||1d4f9f>fff/16306b/f2c230,fff/14306b,f2c230>fff/16306b
US-WI|WISCONSIN|America's Dairyland|b|b|fff>e8eed8/222/b3202c,fff/b3202c,fff/111,f2c230/111
US-WY|Wyoming|Forever West;Like No Place on Earth|c|c|9fc3e8>e3cba0/222,b9c9dd>e9dfc9/4a2f1d,fff>7fb0dd/14233f,f2f2ee/5a2d1d
PR|PUERTO RICO|Isla del Encanto|b|cb|fff>e6eef5/14306b,fff/111
GU|GUAM|Hafa Adai;Tano Y Chamorro|b|c|fff>bfe0ec/14306b,fff/b3202c
VI|Virgin Islands|America's Caribbean;St. Thomas;St. Croix|c|b|9fd6ea>fff/16264f,fff/14306b
AS|AMERICAN SAMOA|Motu O Fiafiaga|b|lb|fff>a9d0ea/14233f,fff/111
MP|SAIPAN CNMI|Hafa Adai|b|l|bfe3f2>fff/14306b,fff/14306b
CA-ON|ONTARIO|Yours to Discover;Keep It Beautiful;A Place to Grow|b|c|fff/1b3f8a,1b4fa0/fff,fff/1b2f6e
CA-BC|British Columbia|Beautiful;The Best Place on Earth|s|c|fff/1b2f8a,fff/14306b
CA-QC|Québec|Je me souviens|b|c|fff/1b3f9a,fff/14306b
CA-AB|Alberta|Wild Rose Country|c||fff/b3202c,fff/14306b
CA-MB|MANITOBA|Friendly|b|b|fff>cfe3d2/14306b,bcd9ee>fff/222
CA-SK|Saskatchewan|Land of Living Skies|s|c|fff/1d5a34,f3f3ee/1d5a34
CA-NS|NOVA SCOTIA|Canada's Ocean Playground|b|c|fff>bcd9ee/14306b,fff/1b2f8a
CA-NB|New Brunswick|Nouveau;Be... in this place|s|c|fff/111,fff/b3202c
CA-NL|Newfoundland & Labrador|A World of Difference|s|l|fff/14306b,fff>d0e0f0/b3202c
CA-PE|Prince Edward Island|Birthplace of Confederation|s|lb|fff/1d5a34,fff>dfeedd/222
MX|MEXICO|JALISCO;DISTRITO FEDERAL;SONORA;BAJA CALIFORNIA;CHIHUAHUA;NUEVO LEON;TAMAULIPAS|b|lb|fff/111,fff>d8ecd8/1d5a34,f3e6e6>fff/111
"""

_WIDE = """
DE|D|fff/111,f4f4f0/111
GB|GB|fff/111,f2c41c/111,fff/111,f3d02a/111,111/ddd
FR|F|fff/111,f3c91c/111
ES|E|fff/111
NL|NL|f4c41c/111,f0c020/111
IT|I|fff/111
PL|PL|fff/111
BE|B|fff/9a1f2c,fff/b3202c
SE|S|fff/111
DK|DK|fff/111
NO|N|fff/111
FI|FIN|fff/111
AT|A|fff/111
CH||fff/111
CZ|CZ|fff/111
PT|P|fff/111
RO|RO|fff/111
IE|IRL|fff/111
LV|LV|fff/111
TR|TR|fff/111
BR|BR|d0d4d4/111,fff/111
IN||fff/111,f2c41c/111
IL|IL|f6cf1c/111
AU||fff/111,f4d51c/111,fff/16306b,111/f0f0f0
PK||fff/111,f4d51c/111,111/fff
AE||fff/111
"""


def _colour(code: str) -> tuple[int, int, int]:
    """`fff` or `16264f` (RGB) → BGR."""
    full = "".join(c * 2 for c in code) if len(code) == 3 else code
    return int(full[4:6], 16), int(full[2:4], 16), int(full[0:2], 16)


def _generations(written: str) -> tuple[Colours, ...]:
    out = []
    for generation in written.split(","):
        parts = generation.split("/")
        top, _, bottom = parts[0].partition(">")
        name = parts[2] if len(parts) > 2 else parts[1]
        out.append(Colours(_colour(top), _colour(bottom or top), _colour(parts[1]), _colour(name)))
    return tuple(out)


def _american(line: str) -> Design:
    region, name, slogans, lettering, emblem, colours = line.split("|")
    words = tuple(s for s in slogans.split(";") if s)
    return Design(region, name, words, lettering, emblem, _generations(colours), FORMATS[region])


def _european(line: str) -> Design:
    region, band, colours = line.split("|")
    return Design(region, "", (), "b", "", _generations(colours), FORMATS[region], wide=True, band=band)


DESIGNS: dict[str, Design] = {
    design.region: design
    for design in [*map(_american, _US.split("\n")[1:-1]), *map(_european, _WIDE.split("\n")[1:-1])]
}
"""Every issuer that is drawn, by region code."""

AMERICAN = tuple(code for code, design in DESIGNS.items() if not design.wide)
WIDE = tuple(code for code, design in DESIGNS.items() if design.wide)
