"""What a run's data cannot show is said, with what would unlock it."""

import duckdb
import pytest

from demand import storage
from demand.selectors.unseen import unseen
from sites.models import Prescriber, Site
from tests.demand.leaks_run import publish_rehearsed, rehearsed_300
from tests.infusion_strategy.published import sign_in


@pytest.fixture
def run(db, own_storage):
    return publish_rehearsed()


def registers() -> None:
    Site.objects.create(site_id="H", name="H", site_class="hopd_on_campus", ownership="owned")
    Prescriber.objects.create(npi="1000000004", relation="employed")


def test_where_nothing_is_missing_nothing_is_said(run):
    registers()
    assert unseen(run) == ()


def test_a_register_without_our_sites_says_that_nobody_can_be_seen_leaving(run):
    assert len(unseen(run)) == 1 and "No site of ours" in unseen(run)[0]


def test_nine_months_of_one_payer_say_why_no_move_can_be_seen(client, db, own_storage):
    """As the Tuva files are: short, one payer, no roster, nothing of the pharmacy."""
    run = publish_rehearsed()
    folder = storage.run_folder(run.pk)
    with duckdb.connect() as connection:
        for name, change in (
            (
                "facts",
                "SELECT * REPLACE ('tuva' AS payer, false AS is_headline, 'unknown' AS site_class) FROM {file} WHERE month >= DATE '2024-01-01' AND month < DATE '2024-10-01'",
            ),
            ("pharmacy_fills", "SELECT * FROM {file} WHERE false"),
            ("maturity", "SELECT * REPLACE (NULL::DOUBLE AS completion) FROM {file}"),
        ):
            file = folder / f"{name}.parquet"
            connection.execute("CREATE OR REPLACE TABLE changed AS " + change.replace("{file}", f"read_parquet('{file}')"))
            connection.execute(f"COPY changed TO '{file}'")
    said = " ".join(unseen(run))
    for words in ("span 9 months", "one payer (tuva)", "No site of ours", "the roster of prescribers is empty", "no pharmacy claims", "paid date",
                  "the site is not known"):  # fmt: skip
        assert words in said, words
    sign_in(client, "leader")
    assert "span 9 months" in client.get("/leakage/moves/").content.decode()
    assert rehearsed_300().one("SELECT count(*) FROM facts WHERE is_headline") > 0  # the shared system is untouched
