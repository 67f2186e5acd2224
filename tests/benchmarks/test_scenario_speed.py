"""The draws of a scenario against a plain Python loop, the bare array arithmetic and pyxirr; the answer to a moved slider."""

import datetime as dt
import time
import tracemalloc
from decimal import Decimal as D

import numpy as np
import pytest
import pyxirr
from django.urls import reverse

from roi.actions import compute
from roi.actions.scenarios import create_scenario
from roi.engine.draws import draw_values
from roi.engine.irr_draws import irr_of_draws
from roi.engine.market import ELSEWHERE
from roi.engine.sampling import draw_inputs
from roi.engine.spreads import spreads_of
from roi.tasks import scenario as perform
from tests.roi.test_infusion_center import cell, center

pytestmark = pytest.mark.benchmark
DRAWS, MONTHS, LINES, CELLS, ROUNDS = 10_000, 120, 20, 30, 9
TIMES_A_LOOP, TIMES_BARE, MEBIBYTES, TIMES_PYXIRR, SLIDER_MS = 40, 2.0, 200, 20, 150


def market_of_thirty(months: int = MONTHS):
    """30 drug-payer cells, of every fate."""
    fates = [{}, {"leaves_on": dt.date(2026, 7, 1), "policy_id": "P"}, {"leaves_on": dt.date(2027, 3, 1), "policy_id": "Q"}]
    elsewhere = {"place": ELSEWHERE, "hospital_allowed": None, "hospital_administration": None}
    kinds = [*fates, elsewhere]
    cells = [
        cell(
            payer=f"Plan {number % 6}",
            family=f"drug {number % 5}",
            infusions_per_month=D(5 + number),
            **kinds[number % 4],
        )
        for number in range(CELLS)
    ]
    usual = {"horizon": str(months), "opens_in": "2026-10", "ramp": "20, 45, 70, 90, 100", "chairs": "6", "capture_staying": "5"}
    lost = {"denials": "2", "waste": "1", "white_bag": "5", "bad_debt": "5", "asp_erosion": "2"}
    return center(*cells, **usual, **lost, supplies="30", exempt="10", capture_elsewhere="40")


def cpu_seconds(*works, rounds: int) -> np.ndarray:
    """Round × work: the processor's time of each, one after the other in every round, since a busy machine slows a whole round."""
    found = np.empty((rounds, len(works)))
    for row in found:
        for number, work in enumerate(works):
            begun = time.process_time()
            work()
            row[number] = time.process_time() - begun
    return found


def loop(draws: int) -> list[float]:
    """A draw at a time, a month at a time, a line at a time, each line summed over its cells: what a spreadsheet does."""
    volumes, margins = [5.0 + cell for cell in range(CELLS)], [100.0 + cell for cell in range(CELLS)]
    found = []
    for draw in range(draws):
        total = 0.0
        for month in range(1, MONTHS + 1):
            factor = 1.08 ** (-month / 12)
            for line in range(LINES):
                flow = 0.0
                for volume, margin in zip(volumes, margins, strict=True):
                    flow += volume * margin * (1 + draw / draws) - line
                total += round(flow) * factor
        found.append(total)
    return found


def bare(rows: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Only the arithmetic that cannot be left out: each line of each month rounded, added, discounted, lines as rows."""
    total = np.zeros(rows.shape[1])
    for month in range(MONTHS):
        total += np.floor(rows * (1.0 + month / MONTHS) + 0.5).sum(axis=0) * factors[month]
    return total


def test_ten_thousand_draws():
    made = market_of_thirty()
    drawn = draw_inputs(spreads_of(made), 1, DRAWS)
    rows, factors = np.random.default_rng(1).normal(1e6, 1e5, (LINES, DRAWS)), 1.08 ** (-np.arange(MONTHS) / 12)
    few = 20
    taken = cpu_seconds(lambda: draw_values(made, drawn, DRAWS), lambda: bare(rows, factors), lambda: loop(few), rounds=ROUNDS) * (
        1,
        1,
        DRAWS / few,
    )
    draws, arithmetic, looped = np.median(taken, axis=0)
    times_bare, times_loop = np.median(taken[:, 0] / taken[:, 1]), np.median(taken[:, 2] / taken[:, 0])
    tracemalloc.start()
    draw_values(made, drawn, DRAWS)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(
        f"\n{DRAWS:,} draws × {MONTHS} months × {CELLS} cells: {draws * 1000:.0f} ms of processor, {times_loop:.0f} × a plain loop "
        f"({looped:.0f} s), {times_bare:.2f} of the bare arithmetic ({arithmetic * 1000:.0f} ms), peak {peak:.0f} MiB"
    )
    assert times_loop >= TIMES_A_LOOP
    assert times_bare <= TIMES_BARE
    assert peak < MEBIBYTES


def test_ten_thousand_rates_of_return():
    """Flows of one root, as sites have them; pyxirr one column at a time, on month numbers of equal length."""
    rng = np.random.default_rng(1)
    flows = np.round(rng.normal(30_000_00, 5_000_00, (121, DRAWS)))
    flows[0] = -np.round(rng.uniform(5e8, 12e8, DRAWS))
    few = 1000
    columns = [list(flows[:, number]) for number in range(few)]
    monthly = []

    def one_by_one():
        monthly[:] = [pyxirr.irr(column) for column in columns]

    taken = cpu_seconds(lambda: irr_of_draws(flows), one_by_one, rounds=ROUNDS) * (1, DRAWS / few)
    times = np.median(taken[:, 1] / taken[:, 0])
    found = irr_of_draws(flows[:, :few])
    worst = max(abs((1 + rate) ** 12 - 1 - found[number]) for number, rate in enumerate(monthly))
    ours = np.median(taken[:, 0]) * 1000
    print(f"\n{DRAWS:,} rates of return: {ours:.0f} ms of processor, {times:.0f} × pyxirr in a loop, equal to {worst:.1e}")
    assert worst < 1e-9
    assert times >= TIMES_PYXIRR


@pytest.mark.django_db
def test_a_moved_slider(admin_client, monkeypatch):
    """Server time of the fragment over ten years of 30 cells, permission check, database and template included."""
    monkeypatch.setattr(compute, "DRAWS", 200)
    saved = create_scenario(None, "Thirty cells", market_of_thirty())
    perform(saved.run.pk)
    address = reverse("roi:sliders", args=[saved.version.scenario_id]) + "?chairs=7"
    headers = {"HX-Request": "true", "HX-Target": "answers"}
    assert admin_client.get(address, headers=headers).status_code == 200
    taken = np.median(cpu_seconds(lambda: admin_client.get(address, headers=headers), rounds=30)) * 1000
    print(f"\na moved slider: {taken:.0f} ms of processor (median of 30)")
    assert taken < SLIDER_MS
