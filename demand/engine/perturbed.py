"""The keys of the people in a group -> how many they are, moved by chance by up to 3; grain: one shown count (cell-key perturbation).

Whoever may ask for any threshold can sweep it, and an exact rule of hiding or rounding then flips at a known count: a ruler. Here every
person has a fixed secret key; the keys of a group, summed, draw its noise. A group gets the same noise whenever it is asked for, so that
asking again gains nothing, and another group another one, so that two answers do not differ by the people between them.

Source: Fraser and Wooton, A proposed method for confidentialising tabular output to protect against differencing (Australian Bureau of
Statistics, 2005); without their tables that keep sums. Noise is even over -3 … 3: mean 0, standard deviation 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from demand.engine.disclosure import SMALLEST_SHOWN

MOST_NOISE = 3  # people; our choice: it blurs where a count of 11 begins over seven counts, and leaves 100 people 97 to 103
SMALLEST_PERTURBED = SMALLEST_SHOWN + MOST_NOISE  # what is shown from here on are 11 people or more, whatever the noise


def person_keys(people: Iterable[str], secret: bytes) -> np.ndarray:
    """One key of 64 bits a person, which nobody can tell without the secret."""
    key = hashlib.sha256(secret).digest()
    digests = b"".join(hashlib.blake2b(person.encode(), digest_size=8, key=key).digest() for person in people)
    return np.frombuffer(digests, dtype="<u8")


def perturbed(keys: np.ndarray) -> int:
    """How many keys there are, and noise; 0 of nobody."""
    if not len(keys):
        return 0
    cell_key = int(keys.sum(dtype=np.uint64))  # modulo 2^64
    # Hashed once more: the sum is linear in the keys, and the noise of two groups must tell nothing of that of both.
    noise = int.from_bytes(hashlib.blake2b(cell_key.to_bytes(8, "little"), digest_size=8).digest(), "little")
    return max(0, len(keys) + noise % (2 * MOST_NOISE + 1) - MOST_NOISE)
