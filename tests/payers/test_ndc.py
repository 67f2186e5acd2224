"""NDCs: the hyphens say where the zero belongs, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payers.engine.ndc import ndc
from sites.engine.cells import BadCell

eleven = st.from_regex(r"[0-9]{11}", fullmatch=True)


@given(eleven)
def test_eleven_digits_stay_and_their_hyphens_do_not_matter(code):
    assert ndc(code) == ndc(f"{code[:5]}-{code[5:9]}-{code[9:]}") == code


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_each_ten_digit_form_gets_its_zero_where_the_hyphens_say(ten):
    assert ndc(f"{ten[:4]}-{ten[4:8]}-{ten[8:]}") == f"0{ten}"
    assert ndc(f"{ten[:5]}-{ten[5:8]}-{ten[8:]}") == f"{ten[:5]}0{ten[5:]}"
    assert ndc(f"{ten[:5]}-{ten[5:9]}-{ten[9:]}") == f"{ten[:9]}0{ten[9:]}"


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_ten_bare_digits_are_never_padded(ten):
    with pytest.raises(BadCell) as refusal:
        ndc(ten)
    assert refusal.value.rule == "ndc_ambiguous"


@pytest.mark.parametrize(
    "code", ["", "-", "57894-30-1", "5789-430-01", "57894-030-01-", "5789A-030-01", "5.7894E+10", "578940300123"]
)
def test_what_is_no_ndc_is_refused(code):
    with pytest.raises(BadCell):
        ndc(code)
