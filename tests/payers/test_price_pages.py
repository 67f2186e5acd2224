"""Prices and contract rates in the browser: what is shown, who may change what, and that a change can be undone."""

import datetime as dt
from decimal import Decimal as D

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from payers.models import (
    AdministrationFee,
    AspLimit,
    DrugCode,
    DrugFamily,
    NegotiatedRate,
    Rate,
    RateChange,
    ServiceCode,
    SitePeriod340B,
)
from payers.selectors.benchmark import benchmark_page
from payers.selectors.prices import Question, price_book, price_list
from sites.models import Site

pytestmark = pytest.mark.django_db
HEADER = "payer,plan,site_class,hcpcs_code,basis,rate,effective_from,effective_to,source\n"
RATES = HEADER + (
    "Plan A,,hopd_on_campus,,percent_of_asp,220,2025-01-01,,contract A\n"
    "Plan A,,hopd_on_campus,96413,per_unit,700,2025-01-01,,contract A\n"
    "Plan A,,infusion_center,,percent_of_asp,118,2025-01-01,,contract A\n"
)


INFUSED = (("infliximab", "J1745", 10, "31.090", 400), ("vedolizumab", "J3380", 1, "21.311", 300))


@pytest.fixture
def reference(db):
    """Two drugs with CMS's limits of the fourth quarter of 2025, an hour of infusion, a day at home."""
    quarter, source = dt.date(2025, 10, 1), "CMS ASP payment limits, October 2025"
    for family, code, unit, limit, dose in INFUSED:
        DrugFamily.objects.create(
            family=family,
            clinical_line="gastroenterology",
            usual_dose_low=dose,
            usual_dose_high=dose,
            infusion_minutes=60,
            source="x",
        )
        DrugCode.objects.create(
            hcpcs_code=code,
            effective_from=dt.date(2016, 1, 1),
            molecule=family,
            family_id=family,
            brand=family.upper(),
            unit_amount=unit,
            unit_of_measure="mg",
            route="iv",
            source="x",
        )
        AspLimit.objects.create(hcpcs_code=code, quarter_start=quarter, payment_limit=D(limit), source=source)
    AdministrationFee.objects.create(hcpcs_code="96413", effective_from=quarter, amount=D("119.36"), source="CMS fee schedule")
    ServiceCode.objects.create(hcpcs_code="96413", role="administration", kind="chemo_initial", source="x")
    ServiceCode.objects.create(hcpcs_code="S9379", role="home_service", kind="per_diem", source="x")


def sign_in(client, role: str):
    user = User.objects.create_user(role.replace(" ", "-"))
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


@pytest.fixture
def keeper(client, reference):
    return sign_in(client, "administrator")


def send(client, text: str, name: str = "rates.csv"):
    return client.post(reverse("payers:upload-rates"), {"file": SimpleUploadedFile(name, text.encode())})


def stored(client, text: str = RATES) -> RateChange:
    send(client, text)
    change = RateChange.objects.first()
    client.post(reverse("payers:store-rate-change", args=[change.pk]))
    change.refresh_from_db()
    return change


def test_an_upload_is_checked_before_it_is_stored(keeper):
    answer = send(keeper, RATES + "Plan B,,,,percent_of_asp,many,2025-01-01,,x\n")
    change = RateChange.objects.get()
    assert answer.url == reverse("payers:rate-change", args=[change.pk])
    assert Rate.objects.count() == 0
    page = keeper.get(answer.url).content.decode()
    assert "3 rates added, 0 changed" in page and "line 5, rate “many”" in page
    keeper.post(reverse("payers:store-rate-change", args=[change.pk]))
    assert Rate.objects.count() == 3
    assert LogEntry.objects.get_for_model(Rate).filter(actor__username="administrator").count() == 3


def test_the_same_file_again_changes_nothing_and_a_new_one_says_what_becomes_of_what(keeper):
    stored(keeper)
    send(keeper, RATES)
    assert (RateChange.objects.first().rows, RateChange.objects.first().unchanged) == ([], 3)
    answer = send(keeper, RATES.replace(",220,", ",235,"))
    page = keeper.get(answer.url).content.decode()
    assert "0 rates added, 1 changed, 2 unchanged" in page and "<del>220</del> <ins>235</ins>" in page


def test_a_change_is_undone(keeper):
    stored(keeper)
    change = stored(keeper, RATES.replace(",220,", ",235,") + "Plan C,,,,percent_of_asp,130,2025-01-01,,x\n")
    assert Rate.objects.get(rate=235) and Rate.objects.count() == 4
    keeper.post(reverse("payers:undo-rate-change", args=[change.pk]))
    change.refresh_from_db()
    assert change.state == RateChange.State.UNDONE
    assert Rate.objects.count() == 3 and Rate.objects.filter(rate=220).exists()


def test_what_was_changed_since_is_not_overwritten(keeper):
    change = stored(keeper)
    Rate.objects.filter(hcpcs_code="96413").update(rate=D("650"))
    answer = keeper.post(reverse("payers:undo-rate-change", args=[change.pk]), follow=True)
    assert "has been changed by someone since; nothing was changed now" in answer.content.decode()
    assert Rate.objects.count() == 3
    send(keeper, RATES.replace(",700,", ",710,"))
    waiting = RateChange.objects.first()
    Rate.objects.filter(hcpcs_code="96413").update(rate=D("640"))
    keeper.post(reverse("payers:store-rate-change", args=[waiting.pk]))
    assert Rate.objects.get(hcpcs_code="96413").rate == 640


def test_a_refused_file_says_what_to_do_and_keeps_nothing(keeper):
    answer = send(keeper, "payer,rate\nPlan A,1\n")
    assert answer.status_code == 422
    assert "has no column basis, effective_from" in answer.content.decode()
    assert not RateChange.objects.exists()


def test_single_rates_are_added_changed_and_ended(keeper):
    fields = {
        "payer": "Plan D",
        "plan": "",
        "site_class": "infusion_center",
        "site_id": "",
        "hcpcs_code": "j1745",
        "basis": "per_unit",
        "rate": "62.5",
        "effective_from": "2026-01-01",
        "effective_to": "",
        "source": "amendment 3",
    }
    keeper.post(reverse("payers:new-rate"), fields)
    rate = Rate.objects.get()
    assert (rate.hcpcs_code, rate.rate) == ("J1745", D("62.5"))
    twice = keeper.post(reverse("payers:new-rate"), fields)
    assert twice.status_code == 422
    assert "has a rate from that day already" in twice.content.decode() and Rate.objects.count() == 1
    wrong = keeper.post(reverse("payers:new-rate"), fields | {"rate": "-1", "effective_to": "2025-01-01"})
    assert "A rate is not negative." in wrong.content.decode() and "Must be after 2026-01-01" in wrong.content.decode()
    keeper.post(reverse("payers:edit-rate", args=[rate.pk]), fields | {"rate": "64"})
    keeper.post(reverse("payers:expire-rate", args=[rate.pk]), {"effective_to": "2026-07-01"})
    rate.refresh_from_db()
    assert (rate.rate, rate.effective_to) == (64, dt.date(2026, 7, 1))
    early = keeper.post(reverse("payers:expire-rate", args=[rate.pk]), {"effective_to": "2025-07-01"}, follow=True)
    assert "has to end after that day" in early.content.decode()
    for change in RateChange.objects.all():
        keeper.post(reverse("payers:undo-rate-change", args=[change.pk]))
    assert not Rate.objects.exists()


@pytest.mark.parametrize("role", ["leader", "analyst"])
def test_who_may_not_change_rates_reads_them(client, reference, role):
    sign_in(client, role)
    page = client.get(reverse("payers:rates"))
    assert page.status_code == 200 and "Upload rates.csv" not in page.content.decode()
    for name in ("upload-rates", "new-rate", "upload-benchmark"):
        assert client.get(reverse(f"payers:{name}")).status_code == 403
        assert client.post(reverse(f"payers:{name}")).status_code == 403


def test_nobody_unsigned_reads_prices(client, reference):
    for name in ("prices", "rates", "asp", "benchmark"):
        assert client.get(reverse(f"payers:{name}")).status_code in (302, 403)


def test_the_price_list_says_every_amount_with_its_source_and_what_has_none(keeper):
    stored(keeper)
    asked = {"family": "infliximab", "on": "2025-11-15", "dose": "400", "services": "96413"}
    page = keeper.get(reverse("payers:prices"), asked).content.decode()
    assert "$1,223.70" in page  # Medicare: 31.090 × 40 × 98.4 %
    assert "$2,581.06" in page  # Plan A: 220 % of 31.090 ÷ 1.06 × 40
    assert "contract A, 2025-01-01" in page and "CMS ASP payment limits, October 2025" in page
    assert "no price" in page and "No contract rate covers this payer" in page


def test_another_drug_starts_with_its_own_dose_and_what_cannot_be_is_said(keeper):
    page = keeper.get(reverse("payers:prices"), {"family": "vedolizumab", "asked": "infliximab", "dose": "400", "on": "2025-11-15"})
    assert "Vedolizumab, 300 mg on 2025-11-15" in page.content.decode()
    wrong = keeper.get(reverse("payers:prices"), {"family": "infliximab", "services": "hours", "on": "2025-11-31"})
    assert "HOURS is no code of five characters" in wrong.content.decode() and wrong.status_code == 200
    assert "no code on that day" in keeper.get(reverse("payers:prices"), {"on": "1999-01-01"}).content.decode()


def test_the_proposal_is_a_switch_that_says_proposed(keeper):
    Site.objects.create(site_id="S1", name="North", site_class="hopd_on_campus", ownership="owned", is_340b=True)
    asked = {"family": "infliximab", "on": "2027-02-01", "dose": "400", "services": "96413"}
    AspLimit.objects.create(hcpcs_code="J1745", quarter_start="2027-01-01", payment_limit=D("31.090"), source="made up")
    assert "Proposed, not law." not in keeper.get(reverse("payers:prices"), asked).content.decode()
    page = keeper.get(reverse("payers:prices"), asked | {"proposed": "on"}).content.decode()
    assert "Proposed, not law." in page and "$768.85" in page  # 29.3302 × 66.6 % × 40 × 98.4 %


def test_340b_periods_take_the_place_of_the_registers_mark(reference):
    for name in ("S1", "S2"):
        Site.objects.create(site_id=name, name=name, site_class="hopd_on_campus", ownership="owned", is_340b=True)
    SitePeriod340B.objects.create(site_id="S1", starts_on=dt.date(2026, 4, 1))
    book = price_book()
    assert [book.buys_at_340b(name, dt.date(2026, 1, 1)) for name in ("S1", "S2", "S3")] == [False, True, False]


def test_quarters_on_file_and_how_limits_moved(keeper):
    AspLimit.objects.create(hcpcs_code="J1745", quarter_start="2025-01-01", payment_limit=D("30.525"), source="CMS, January 2025")
    page = keeper.get(reverse("payers:asp-of", args=["infliximab"])).content.decode()
    assert "J1745 (INFLIXIMAB) moved by +1.9% from Q1 2025 to Q4 2025" in page
    assert "Q2 2025" in page  # the sales that Q4 rests on
    assert keeper.get(reverse("payers:asp-of", args=["nothing"])).status_code == 404


def test_our_rate_among_other_hospitals(keeper):
    stored(keeper)
    for hospital, amount in (("north", 50), ("south", 60), ("east", 80), ("west", 100)):
        NegotiatedRate.objects.create(
            hospital=hospital,
            hcpcs_code="J1745",
            payer="Aetna",
            line_of_business="commercial",
            methodology="fee schedule",
            amount=amount,
            least=amount,
            most=amount,
            rows=1,
            published_on="2026-08-01",
            source="x",
        )
    (row,) = benchmark_page(dt.date(2025, 11, 15)).rows
    # 220 % of 29.3302 = 64.53: above two of four
    assert (round(row.standing.rate, 2), row.standing.percentile, row.standing.median) == (D("64.53"), 50, 70)
    page = keeper.get(reverse("payers:benchmark")).content.decode()
    assert "0 of 1 of our rates are below" in page and "2 of 4 hospitals are paid more" in page
    download = keeper.get(reverse("demand:benchmark-csv")).content.decode()
    assert (
        "Plan A,,commercial,J1745,infliximab,64.5264,70.0000,50.0000,100.0000,4,2,50.0000,5.4736,contract A,2025-01-01,2026-08-01"
        in download
    )


def test_a_benchmark_file_comes_in_by_the_browser(keeper):
    text = "hospital,hcpcs,payer,plan,neg,methodology\nnorth,J1745,Aetna,Ppo,60,fee schedule\nnorth,J1745,Aetna,Ppo,9,per diem\n"
    where = reverse("payers:upload-benchmark")
    refused = keeper.post(where, {"file": SimpleUploadedFile("rates.csv", text.encode())})
    assert refused.status_code == 422 and "does not say of which month it is" in refused.content.decode()
    answer = keeper.post(where, {"file": SimpleUploadedFile("rates.csv", text.encode()), "month": "2026-08"}, follow=True)
    assert "2 rows of 1 hospitals read: 1 rates added" in answer.content.decode()


def test_a_quarter_comes_in_by_the_browser(keeper, published):
    where = reverse("payers:upload-asp")
    refused = keeper.post(where, {"file": SimpleUploadedFile("limits.csv", b"code,price\nJ1745,1\n")})
    assert refused.status_code == 422 and "limits.csv is neither CMS" in refused.content.decode().replace("&#x27;", "'")
    file = published("prices/asp_payment_limits_2025Q1_as_published.csv")
    answer = keeper.post(where, {"file": SimpleUploadedFile(file.name, file.read_bytes())}, follow=True)
    assert "quarter from 2025-01-01" in answer.content.decode()
    assert AspLimit.objects.get(hcpcs_code="J1745", quarter_start="2025-01-01").payment_limit == D("30.525")


def test_a_price_list_asks_the_database_a_few_times(keeper, django_assert_max_num_queries):
    stored(keeper)
    with django_assert_max_num_queries(16):
        price_list(Question("infliximab", dt.date(2025, 11, 15), D(400), services=("96413",)))
