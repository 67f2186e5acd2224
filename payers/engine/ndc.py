"""An NDC as written -> 11 digits (5-4-2), or why it cannot be said; grain: one code.

The hyphens say where the zero belongs: 4-4-2, 5-3-2 and 5-4-1 lack it in front of the short part. Ten bare digits could be any
of the three and are never padded.
"""

import re

from sites.engine.cells import BadCell

PARTS = (5, 4, 2)


def ndc(cell: str) -> str:
    """The 11 digits; BadCell where the zero's place is unknown or the text is no NDC."""
    if re.fullmatch(r"\d{11}", cell, re.ASCII):
        return cell
    if re.fullmatch(r"\d{10}", cell, re.ASCII):
        raise BadCell("ndc_ambiguous", "has ten digits and no hyphens, so nobody can say where the zero belongs; write 5-4-2")
    parts = cell.split("-")
    short = [want - len(part) for part, want in zip(parts, PARTS, strict=False)]
    if len(parts) != 3 or not re.fullmatch(r"[\d-]+", cell, re.ASCII) or sorted(short) not in ([0, 0, 0], [0, 0, 1]):
        raise BadCell("ndc", "must be an NDC of 11 digits, or one with two hyphens such as 57894-030-01")
    return "".join(part.zfill(want) for part, want in zip(parts, PARTS, strict=True))
