"""Perturbed counts: the same people the same answer, near the truth, even on average, and no flip at a known count."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from demand.engine.disclosure import SMALLEST_SHOWN
from demand.engine.perturbed import MOST_NOISE, SMALLEST_PERTURBED, person_keys, perturbed

KEYS = person_keys([f"p{number}" for number in range(4000)], b"secret")


@given(st.lists(st.integers(0, 3999), unique=True))
def test_a_group_has_one_answer_near_its_size_in_any_order(people):
    found = perturbed(KEYS[people])
    assert found == perturbed(KEYS[sorted(people)]) and abs(found - len(people)) <= MOST_NOISE
    assert found == 0 or people
    assert found < SMALLEST_PERTURBED or len(people) >= SMALLEST_SHOWN


def test_the_noise_is_even_and_needs_the_secret():
    groups = np.arange(4000).reshape(200, 20)
    noise = np.array([perturbed(KEYS[group]) - 20 for group in groups])
    assert set(noise) == set(range(-MOST_NOISE, MOST_NOISE + 1)) and abs(noise.mean()) < 0.5  # 3.5 standard errors
    others = person_keys([f"p{number}" for number in range(4000)], b"another")
    assert len(np.unique(KEYS)) == 4000 and [perturbed(others[group]) - 20 for group in groups] != list(noise)


def test_growing_groups_are_first_shown_at_many_sizes():
    first = set()
    for group in np.arange(4000).reshape(100, 40):
        first.add(next(size for size in range(1, 41) if perturbed(KEYS[group[:size]]) >= SMALLEST_PERTURBED))
    assert min(first) >= SMALLEST_SHOWN and len(first) >= 5
