"""The clinical axis of the chart of therapies: each measure against a slow, obvious way; what few people hide; the page's choice."""

from collections import Counter

import numpy as np
import pytest

from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.selectors.clinical_axes import AXES, WITHIN, clinical_axis
from demand.selectors.facts import ask_tables, results_key
from demand.selectors.line_people import verdict_rows
from demand.selectors.safety import followed_infusions
from demand.words import lower_first
from sites.models import Site
from tests.demand.rehearsed_run import publish_rehearsal
from tests.infusion_strategy.published import sign_in

pytestmark = pytest.mark.django_db
EVERYTHING = DashboardFilters()
NAMED = "attribution_rule IN ('ordering_npi', 'rendering_npi')"


@pytest.fixture
def run(own_storage):
    return publish_rehearsal()


@pytest.mark.parametrize("kind", WITHIN)
def test_every_named_infusion_is_followed_or_counted_as_unknown(run, kind):
    found = clinical_axis(run, AXES[kind], EVERYTHING, see_small=True)
    ordered = dict(
        ask_tables(run, f"SELECT family, count(*) FROM {{infusions}} WHERE {NAMED} AND site_class NOT IN ('inpatient', 'emergency') GROUP BY 1")
    )  # fmt: skip
    assert {family: one.of + one.unknown for family, one in found.items()} == ordered
    columns = followed_infusions(run.pk, results_key(run))
    slow = Counter(family for family, days in zip(columns["family"], columns[kind], strict=True) if days <= WITHIN[kind])
    assert {family: one.events for family, one in found.items() if one.events} == dict(slow)
    assert any(one.unknown for one in found.values()) and (kind == "infection" or slow)


def test_who_must_stay_is_what_the_line_says_of_each_person_and_drug(run):
    Site.objects.update(rems="")  # so that the line cannot judge drugs for certified sites
    found = clinical_axis(run, AXES["stay"], EVERYTHING, see_small=True)
    named = set(
        ask_tables(run, f"SELECT value.person_id, value.family FROM {{retention_values}} AS value JOIN {{episodes}} AS episode USING (episode_id) WHERE {NAMED}")
    )  # fmt: skip
    open_soonest, verdicts = ("may_move", "not_enough_data", "must_stay", "should_not"), {}
    for person, family, _, _, verdict, _ in verdict_rows(run, None):
        if (person, family) in named:
            verdicts.setdefault((person, family), []).append(verdict)
    slow = {key: min(said, key=open_soonest.index) for key, said in verdicts.items()}
    stay, unknown = (
        Counter(family for (_, family), one in slow.items() if one == verdict) for verdict in ("must_stay", "not_enough_data")
    )
    everybody = Counter(family for _, family in slow)
    assert {family: (one.events, one.of, one.unknown) for family, one in found.items()} == {
        family: (stay[family], people - unknown[family], unknown[family]) for family, people in everybody.items()
    }
    assert sum(stay.values()) and any(unknown.values())


@pytest.mark.parametrize("key", AXES)
def test_payers_add_up_to_everybody(run, key):
    def totals(filters):
        return np.array([(one.events, one.of, one.unknown) for one in clinical_axis(run, AXES[key], filters, True).values()]).sum(
            axis=0
        )

    table = "retention_values" if key == "stay" else "episodes" if key == "late" else "infusions"
    payers = [payer for (payer,) in ask_tables(run, f"SELECT DISTINCT payer FROM {{{table}}}")]
    assert (totals(EVERYTHING) == sum(totals(DashboardFilters(payer=payer)) for payer in payers)).all()


def test_without_the_right_few_people_are_hidden_and_filters_withhold(client, run):
    for key in ("late", "hospital"):
        exact = clinical_axis(run, AXES[key], EVERYTHING, True)
        shown = clinical_axis(run, AXES[key], EVERYTHING, False)
        assert all(one.events in (HIDDEN, exact[family].events) for family, one in shown.items())
        for family, one in shown.items():  # or what is unknown, less the newest months on other pages, leaves the days in between
            told = [(one.of, exact[family].of), (one.unknown, exact[family].unknown)]
            assert all(number is HIDDEN or (number % 10 == 0 and abs(number - real) <= 5) for number, real in told)
        assert HIDDEN in [one.events for one in shown.values()]
    followed = [{family: one.of for family, one in clinical_axis(run, AXES[kind], EVERYTHING, False).items()} for kind in WITHIN]
    assert followed[0] == followed[1] == followed[2]  # hidden with one kind of event, hidden with all
    columns = followed_infusions(run.pk, results_key(run))
    behind = {}
    for family, days, person in zip(columns["family"], columns["hospital"], columns["person_no"], strict=True):
        behind.setdefault(family, set()).update({person} if days <= 1 else ())
    few = [family for family, people in behind.items() if 0 < len(people) < 11]
    assert few and all(shown[family].events is HIDDEN for family in few)
    rounded = clinical_axis(run, AXES["stay"], EVERYTHING, False)
    assert all(one.of is HIDDEN or one.of % 10 == 0 for one in rounded.values())
    sign_in(client, "leader")
    payer = ask_tables(run, "SELECT max(payer) FROM {infusions}")[0][0]
    withheld = "with the patient-level right only"
    assert withheld in client.get("/leakage/therapies/", {"by": "hospital", "payer": payer}).content.decode()
    assert withheld not in client.get("/leakage/therapies/", {"by": "stay", "payer": payer}).content.decode()


def test_the_page_offers_the_measures_and_says_which_line_judged(client, run):
    sign_in(client, "analyst")
    for key, axis in AXES.items():
        text = client.get("/leakage/therapies/", {"by": key}).content.decode()
        assert (
            f'<option value="{key}" selected>{axis.high.capitalize()}</option>' in text
            and lower_first(axis.name) in text
            and "Share unknown" in text
        )
        assert ("By the line as shipped, not signed" in text) == (key == "stay")
    assert '<option value="late" selected>' in client.get("/leakage/therapies/", {"by": "luck"}).content.decode()
