"""How long the server works on the strategy brief while ten million lines are loaded beside it, against an idle machine."""

import statistics
import time

import pytest
from django.core.cache import cache

from tests.benchmarks.claims_mix import write_mix
from tests.benchmarks.measure import MILLION, Goal, report, start
from tests.benchmarks.test_dashboard_time import MONTHS, PEOPLE, seconds
from tests.infusion_strategy.published import publish, sign_in

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]
NICE = 10  # as the worker runs: docker-compose.yml, demo/child.py
PAGES = 200


def test_pages_keep_their_median_while_a_load_runs(client, settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    cache.clear()
    write_mix(tmp_path / "system", 10 * MILLION)
    publish(PEOPLE, MONTHS)
    client = sign_in(client, "leader")
    seconds(client, ["/"])
    idle = seconds(client, ["/"] * PAGES)
    load = start("our_way", tmp_path / "system", tmp_path / "work", nice=NICE)
    try:
        time.sleep(5)
        loading = []
        while load.poll() is None:
            loading += seconds(client, ["/"])
            time.sleep(0.2)
        assert load.returncode == 0
    finally:
        load.kill()
        load.stdout.close()
    ratio = statistics.median(loading) / statistics.median(idle)
    print(f"\n{len(loading)} pages: {1000 * statistics.median(loading):.0f} ms, idle {1000 * statistics.median(idle):.0f} ms")
    assert report("Pages while a load runs", [Goal("median page time, of an idle machine", 2.0, [ratio])]) == []
