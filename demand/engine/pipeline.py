"""Loaded extracts -> lines, infusions, episodes, leakage as Parquet files of one run; grain of each file: see its stage.

The flow, in the order it is read: rows accepted in the end -> lines with roles and sites -> infusions with channel and attribution
-> months' maturity -> episodes with outcomes -> leakage -> exposure to policies -> clinical events -> what a retention line asks -> who is
likely to move next -> summaries. Large extracts run in passes by person, so memory is bounded by the pass; files are written beside
`out_dir`'s manifest, which comes last: a folder without manifest.json is no result.
Same extracts, reference, parameters and code give the same rows in the same order, whatever the number of passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import duckdb

from demand.engine import (
    accepted,
    clinical_events,
    comorbidities,
    episodes,
    everyday,
    exposure,
    infusions,
    leakage,
    maturity,
    move_risk,
    retention_values,
    roles,
    stage,
    summaries,
)
from demand.engine.accepted import ExtractInput
from demand.engine.lanes import side_by_side
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from demand.engine.workspace import Workspace

__all__ = ["ExtractInput", "RunSummary", "recompute"]

Report = Callable[[str, float], None]
PASSES_TOGETHER = 4  # of the first ones: infusions are far fewer than lines


@dataclass(frozen=True)
class RunSummary:
    """What a run found. tables: rows and content hash by table. headline: figures with numerator, denominator and share
    unknown."""

    counts: dict
    headline: dict
    tables: dict
    parameters: dict
    extracts: list
    policy_effects: list
    move_risk: dict

    def as_json(self) -> dict:
        return asdict(self)


def recompute(
    extracts: Sequence[ExtractInput],
    reference: Reference,
    parameters: Parameters,
    out_dir: Path,
    report: Report = lambda stage, fraction: None,
    memory_limit: str = "600MB",
) -> RunSummary:
    """Compute a run into `out_dir` (empty or absent). ValueError where a reference contradicts itself; duckdb.Error otherwise."""
    reference.check()
    with Workspace(Path(out_dir), memory_limit) as work:
        prepare(work.connection, reference, parameters)
        rows = accepted.collect(work.connection, extracts, work.memory_bytes, work.scratch, lambda share: report("rows", share))
        work.keep_rejects()

        def first_pass(connection: duckdb.DuckDBPyConnection, number: int) -> None:
            rows.prepare(connection, number)
            roles.assign_roles(connection)
            infusions.group_into_infusions(connection)
            work.keep_first_pass(connection, number)

        def everyday_lines(connection: duckdb.DuckDBPyConnection, number: int, share: everyday.Share) -> None:
            everyday.write_everyday_lines(connection, rows.final, share, work.scratch, number)

        report("infusions", 0.0)
        side_by_side(
            work.connection,
            parameters,
            [partial(first_pass, number=number) for number in range(len(rows.passes))]
            + [
                partial(everyday_lines, number=number, share=share)
                for number, share in enumerate(everyday.shares(work.connection, rows.final))
            ],
            lambda share: report("infusions", share),
        )

        report("maturity", 0.0)
        maturity.count_lines(work.connection, work.kept("lines"))
        maturity.judge_months(work.connection, parameters)
        work.measure_site_use()
        episodes.find_span_horizon(work.connection, work.kept("eligibility"))

        def second_pass(connection: duckdb.DuckDBPyConnection, number: int) -> None:
            first = number * PASSES_TOGETHER
            work.recall_first_passes(connection, range(first, min(first + PASSES_TOGETHER, len(rows.passes))))
            episodes.group_into_episodes(connection)
            leakage.tell_facts(connection)
            work.keep_second_pass(connection, number)

        report("episodes", 0.0)
        side_by_side(
            work.connection,
            parameters,
            [partial(second_pass, number=number) for number in range(-(-len(rows.passes) // PASSES_TOGETHER))],
            lambda share: report("episodes", share),
        )

        report("exposure", 0.0)
        work.gather()
        exposure.write_exposure(work.connection, work.out_dir, reference)
        clinical_events.write_clinical_events(work.connection, work.out_dir)
        comorbidities.write_comorbidities(work.connection, work.out_dir)
        retention_values.write_retention_values(work.connection, work.out_dir)

        report("move risk", 0.0)
        card = move_risk.write_move_risk(work.connection, work.out_dir, reference, parameters)

        report("summaries", 0.0)
        leakage.count_leakage(work.connection)
        found = summaries.summarise(work.connection, rows.counts, extracts) | {"move_risk": card}
        tables = work.publish(found, parameters, extracts)
        report("summaries", 1.0)
    return RunSummary(**found, tables=tables, parameters=parameters.as_json(), extracts=[extract_json(one) for one in extracts])


def prepare(connection: duckdb.DuckDBPyConnection, reference: Reference, parameters: Parameters) -> None:
    """Reference tables, parameters and what several stages share, on a fresh connection."""
    reference.register(connection)
    stage.prepare(connection, parameters)
    stage.run(connection, "shared_tables")


def extract_json(extract: ExtractInput) -> dict:
    return {
        "id": extract.id,
        "name": extract.name,
        "perspective": extract.perspective,
        "paid_through": extract.paid_through.isoformat() if extract.paid_through else None,
    }
