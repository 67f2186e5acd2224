"""Cells: what is read, what is refused, and that nothing is guessed."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sites.engine import cells
from sites.engine.cells import BadCell


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_every_npi_has_exactly_one_check_digit(nine):
    assert sum(cells.npi_check_digit_fits(f"{nine}{last}") for last in range(10)) == 1


@given(st.from_regex(r"[12][0-9]{9}", fullmatch=True), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_never_passes_the_npi_check(number, place, by):
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not (cells.npi_check_digit_fits(number) and cells.npi_check_digit_fits(wrong))


def test_the_published_example_of_an_npi_passes():
    assert cells.npi_check_digit_fits("1234567893")  # CMS, "NPI check digit": 123456789 has the check digit 3


@given(st.integers(-(10**11), 10**11))
def test_cents_are_exact(amount):
    sign = "-" if amount < 0 else ""
    assert cells.cents(f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}") == amount


@pytest.mark.parametrize("cell", ["$12.00", "1,234.00", "12.345", "1e3", "NaN", "inf", "12-", "(12.00)", "0x1F", "１２"])
def test_amounts_that_are_no_plain_dollars_are_refused(cell):
    with pytest.raises(BadCell) as refusal:
        cells.cents(cell)
    assert refusal.value.rule == "amount"


@given(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)))
def test_dates_come_back_as_they_were_written(date):
    assert cells.day(date.isoformat()) == date


@pytest.mark.parametrize(
    "cell", ["01/31/2026", "2026-1-31", "2026-02-30", "45000", "0000-00-00", "2026-01-31 00:00:00", "2999-01-01"]
)
def test_dates_in_other_forms_are_refused(cell):
    with pytest.raises(BadCell):
        cells.day(cell)


def test_a_zip_code_keeps_its_leading_zero_or_says_that_it_lost_it():
    assert cells.zip_code("02139") == "02139"
    assert cells.zip_code("02139-4307") == "02139-4307"
    with pytest.raises(BadCell, match="lost a leading zero"):
        cells.zip_code("2139")


def test_provider_numbers_are_a_list_each_once_in_the_order_given():
    assert cells.npis("1234567893; 1003000126;1234567893") == ("1234567893", "1003000126")
    with pytest.raises(BadCell, match="ten digits"):
        cells.npis("1234567893, 1003000126")


def test_flags_are_words_and_nothing_else():
    assert [cells.flag(word) for word in ("TRUE", "yes", "1", "False", "n", "0")] == [True, True, True, False, False, False]
    with pytest.raises(BadCell):
        cells.flag("maybe")


def test_decimals_beyond_the_places_are_refused_not_rounded():
    assert cells.decimal(3)("31.090") == Decimal("31.090")
    with pytest.raises(BadCell, match="more than 3 decimals"):
        cells.decimal(3)("31.0905")


@pytest.mark.parametrize("cell", ["j1745", "J1745", "96413", "0537T"])
def test_codes_are_five_characters_in_upper_case(cell):
    assert cells.hcpcs(cell) == cell.upper()


@pytest.mark.parametrize("cell", ["J174", "J1745JW", "1745", "JJ745", "9641"])
def test_what_is_no_code_is_refused(cell):
    with pytest.raises(BadCell):
        cells.hcpcs(cell)
