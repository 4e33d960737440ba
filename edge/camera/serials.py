"""How likely a serial's shape is before anyone has looked: what issuers hand out, and what was seen on real plates.

A reader in doubt between D and 0 has two texts to offer, `ABC1D3` and `ABC103`; few issuers hand out the first shape.
So the texts that were *read* are weighed by their shapes too. No text is made up here, none is dropped, and one of
which the columns are sure stays, whatever its shape: personalised plates are legal everywhere (`WEIGHT`, `ODD`).

`serials.json` counts the shapes of the training set's plates by region (`python -m models.train.reader serials`), `*7`
for those of seven characters that were seen once; where a region is seldom seen, `plates.FORMATS` and all the regions
together stand in. It holds no text.
"""

from __future__ import annotations

import functools
import json
import math
from collections import defaultdict
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.plates import FORMATS, shape, shape_of_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from edge.camera.scene import Region

WEIGHT = 0.4
"""Of a shape's log-share beside a text's log-probability. Chosen on the held-out plates, where 0.3 to 0.5 are alike."""
ODD = 0.2
"""Share of the plates that keep to no shape."""
FORMATS_WEIGH, ALL_WEIGH = 8.0, 4.0
"""So many seen plates the issuer's formats, and what is seen anywhere, count as beside a region's own plates."""
RARER = 0.7
"""The n-th of an issuer's formats counts as 1/n**RARER."""

_Shares = dict[str, float]


def weigh(texts: Sequence[str], regions: Sequence[Region]) -> NDArray[np.float64]:
    """What their shapes add to the log-probabilities of n texts."""
    return WEIGHT * np.array([log_share(text, regions) for text in texts])


def log_share(text: str, regions: Iterable[Region] = ()) -> float:
    """Natural logarithm of the share of plates that have this text's shape, issued where `regions` think."""
    form, known, left = shape(text), 0.0, 1.0
    for region in regions:
        known += region.confidence * _own(region.code, form)
        left -= region.confidence
    whole = known + max(left, 0.0) * _anywhere(form)
    return math.log((1 - ODD) * whole + ODD * _any_of_length(len(form)))


def _own(region: str, form: str) -> float:
    seen = _seen().get(region, {})
    issued = _issued(region).get(form, 0.0) if region in FORMATS else _anywhere(form)
    whole = sum(seen.values()) + FORMATS_WEIGH + ALL_WEIGH
    return (seen.get(form, 0) + FORMATS_WEIGH * issued + ALL_WEIGH * _anywhere(form)) / whole


@functools.cache
def _anywhere(form: str) -> float:
    """Share of all the plates that were seen."""
    seen = _seen()
    issued = sum(_issued(region).get(form, 0.0) for region in FORMATS) / len(FORMATS)
    whole = sum(sum(counts.values()) for counts in seen.values())
    return (sum(counts.get(form, 0) for counts in seen.values()) + FORMATS_WEIGH * issued) / (whole + FORMATS_WEIGH)


@functools.cache
def _any_of_length(length: int) -> float:
    """Share of one shape among all of its length, were letters and digits drawn by lot."""
    lengths: defaultdict[int, int] = defaultdict(int)
    for counts in _seen().values():
        for form, count in counts.items():
            lengths[int(form[1:]) if form.startswith("*") else len(form)] += count
    return (lengths[length] + 5) / (sum(lengths.values()) + 60) * 0.5**length


@functools.cache
def _issued(region: str) -> _Shares:
    """Shapes of an issuer's formats, commonest first."""
    shares: _Shares = {}
    for rank, written in enumerate(FORMATS[region], start=1):
        form = shape_of_format(written)
        shares[form] = shares.get(form, 0.0) + rank**-RARER
    whole = sum(shares.values())
    return {form: share / whole for form, share in shares.items()}


@functools.cache
def _seen() -> Mapping[str, Mapping[str, int]]:
    """Region → shape → how many plates."""
    counts: dict[str, dict[str, int]] = json.loads((files("edge.camera") / "serials.json").read_text("utf-8"))
    return counts
