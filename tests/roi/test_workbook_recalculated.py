"""The workbook in LibreOffice: every formula calculated anew is the screen to the cent, and follows what somebody changes in it."""

import pytest
from django.urls import reverse

from roi.engine.cash_flow import BASELINES
from roi.models import ScenarioResult

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]


def test_try(make, as_reader, libreoffice):
    scenario = make()
    content = as_reader.get(reverse("roi:workbook", args=[scenario.pk, 1])).content
    book = libreoffice.recalculated({"a": content})["a"]
    result = ScenarioResult.objects.get()
    for column, baseline in enumerate(BASELINES, start=1):
        assert round(book["Answer"][4][column] * 100) == result.summary["baselines"][baseline]["npv_cents"]
