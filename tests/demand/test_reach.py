"""Who has which site in reach, on a line of ZIP codes a known number of miles apart."""

import math

import numpy as np
import pytest

from demand.engine.reach import Barred, Group, Place, Thresholds, quantile, reach

DEGREE = 69.0936  # miles of latitude
STANDARD = Thresholds()
NO_HOSPITAL = Barred(frozenset({"hopd_on_campus", "hopd_off_campus"}))


def at(miles: float) -> dict:
    return {"latitude": 35 + miles / DEGREE, "longitude": -86.0}


HOSPITAL = Place("H", "hopd_on_campus", "owned", "metro", hospital_affiliated=True, **at(0))
CENTER = Place("C", "infusion_center", "other", "metro", **at(25))
NURSES = Place("N", "home_infusion", "other", "metro", **at(0))
MIDDLES = {"00010": (35 + 9.9 / DEGREE, -86.0), "00020": (35 + 15 / DEGREE, -86.0), "00050": (35 + 60 / DEGREE, -86.0)}
AREAS = {"00010": "urban", "00020": "suburban", "00050": "rural"}


def group(zip_code: str, people: int = 1, **fields) -> Group:
    return Group(zip_code, fields.pop("market", "metro"), "A", "x", people=people, **fields)


def found(groups, places=(HOSPITAL, CENTER, NURSES), thresholds=STANDARD):
    return reach(groups, places, MIDDLES, AREAS, thresholds)


def test_the_same_site_is_near_or_far_by_the_kind_of_area():
    groups = [group("00010"), group("00020"), group("00050")]
    assert found(groups, [HOSPITAL]).within("hopd_on_campus").tolist() == [True, True, False]
    assert found(groups, [HOSPITAL], Thresholds(urban=5, suburban=14, rural=70)).within("hopd_on_campus").tolist() == [
        False,
        False,
        True,
    ]
    assert found(groups, [HOSPITAL]).within("hopd_on_campus", 10).tolist() == [True, False, False]


def test_a_barred_class_is_near_and_not_permitted():
    answer = found([group("00010", barred=NO_HOSPITAL), group("00020", barred=NO_HOSPITAL), group("00010")])
    assert answer.within("hopd_on_campus").all()
    assert answer.within("permitted").tolist() == [False, True, True]  # the center is 10 miles from the suburb, 15 from the city
    assert answer.within("ours").tolist() == [False, False, True]
    affiliated = Barred(hospital_affiliated=True)
    assert found([group("00010", barred=affiliated)], [HOSPITAL]).within("permitted").tolist() == [False]


def test_home_infusion_has_no_distance_and_is_no_site():
    answer = found([group("00050"), group("00050", market="rural")])
    assert answer.within("home_infusion").tolist() == [True, False]
    assert "home_infusion" not in answer.miles and not answer.within("permitted").any()


def test_an_access_point_is_the_only_permitted_site_in_reach():
    answer = found([group("00010"), group("00020"), group("00020", barred=NO_HOSPITAL), group("00050")])
    assert answer.permitted_in_reach.tolist() == [1, 2, 1, 0]
    assert [answer.places[place].site_id if place >= 0 else "" for place in answer.only] == ["H", "", "C", ""]


def test_an_unknown_zip_code_or_a_site_without_a_place_is_in_no_reach():
    answer = found([group("99999"), group("")], [HOSPITAL, Place("X", "infusion_center", "owned")])
    assert not answer.located.any() and not answer.within("permitted").any()
    assert not found([group("00010")], [Place("X", "infusion_center", "owned")]).within("permitted").any()
    assert len(found([], []).people) == 0 and found([group("00010")], []).within("permitted").tolist() == [False]


def test_a_quantile_counts_weights():
    miles, weights = np.array([30.0, 1.0, 5.0]), np.array([1, 8, 1])
    assert quantile(miles, weights, 0.5) == 1 and quantile(miles, weights, 0.9) == 5 and quantile(miles, weights, 1) == 30
    assert quantile(miles, weights * 0, 0.5) is None


def miles(latitude, longitude, to_latitude, to_longitude) -> float:
    """The spherical law of cosines: another way to the same miles."""
    a, b = math.radians(latitude), math.radians(to_latitude)
    angle = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(to_longitude - longitude))
    return 3958.7613 * math.acos(min(1.0, angle))


@pytest.mark.parametrize("seed", [1, 2])
def test_it_agrees_with_asking_person_by_person(seed):
    draw = np.random.default_rng(seed)
    middles = {f"{number:05}": (35 + y, -86 + x) for number, (x, y) in enumerate(draw.uniform(0, 1, (30, 2)))}
    areas = {zip_code: draw.choice(["urban", "suburban", "rural", "unknown"]) for zip_code in middles}
    places = [
        Place(f"S{n}", draw.choice(["hopd_on_campus", "infusion_center"]), draw.choice(["owned", "other"]), "m", 35 + y, -86 + x)
        for n, (x, y) in enumerate(draw.uniform(0, 1, (6, 2)))
    ]
    groups = [group(f"{draw.integers(30):05}", barred=NO_HOSPITAL if draw.random() < 0.4 else Barred()) for _ in range(60)]
    answer = reach(groups, places, middles, areas, Thresholds())
    for position, one in enumerate(groups):
        near = [
            place for place in places
            if miles(*middles[one.zip_code], place.latitude, place.longitude) <= {"urban": 10, "suburban": 20, "rural": 30, "unknown": 20}[areas[one.zip_code]]
            and not (one.barred is NO_HOSPITAL and place.site_class == "hopd_on_campus")
        ]  # fmt: skip
        assert bool(near) == answer.within("permitted")[position] and len(near) == answer.permitted_in_reach[position]
