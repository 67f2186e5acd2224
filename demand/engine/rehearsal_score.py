"""Truth folder + run folder -> how much of what was planted was found; grain: one frozen `Score` a run.

Every measure is numerator ÷ denominator with the goal it is held to, and its ceiling: what a perfect reader of the same claims
could reach, because some of the truth stands in no claim (not yet paid, no prescriber named, nothing billed). The ceiling knows
claims only: a run that also reads the system's orders may stand above it. Planted and found infusions are paired one to one:
the same person, day and molecule first, then the same day, then a day off. Episodes are paired by the longest overlap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

EXAMPLES = 20
INFUSIONS_WITHIN = 0.005
SITE_CLASS_GOAL = 0.99
WHITE_BAG_GOAL = 0.95
LEAKAGE_WITHIN = 0.015
EPISODE_GOAL = 0.95
EXPOSURE_GOAL = 0.999

Identities = Mapping[str, str] | Path | str | None


@dataclass(frozen=True)
class Measure:
    """One share. value = numerator ÷ denominator (None for 0/0). `passed` is None where no goal is set.

    The one exception is leakage_worst_error: its value is the largest distance between two rates, held to at most the goal, and
    numerator ÷ denominator is the planted rate of all mature months together.
    """

    name: str
    sentence: str
    numerator: int
    denominator: int
    value: float | None
    goal: float | None = None
    passed: bool | None = None
    ceiling: float | None = None


@dataclass(frozen=True)
class MonthScore:
    """Leakage rate (headline: named prescribers) of a month. mature: in the truth and in the run; errors are signed rates."""

    month: str
    mature: bool
    planted_leaks: int
    planted_base: int
    planted_rate: float | None
    found_leaks: int
    found_base: int
    found_rate: float | None
    error: float | None
    ceiling_error: float | None


@dataclass(frozen=True)
class Mismatch:
    """All mismatches of one kind: how many, in which combinations (planted → found), and examples,
    those that claims can tell first."""

    kind: str
    count: int
    combinations: tuple[tuple[str, int], ...]
    examples: tuple[dict, ...]


@dataclass(frozen=True)
class Score:
    measures: tuple[Measure, ...]
    months: tuple[MonthScore, ...]
    mismatches: tuple[Mismatch, ...]
    people: int
    seed: int

    @property
    def passed(self) -> bool:
        """True where every measure with a goal reaches it."""
        return all(measure.passed for measure in self.measures if measure.passed is not None)

    def measure(self, name: str) -> Measure:
        return next(measure for measure in self.measures if measure.name == name)

    def mismatch(self, kind: str) -> Mismatch:
        return next(mismatch for mismatch in self.mismatches if mismatch.kind == kind)

    def as_json(self) -> dict:
        return asdict(self) | {"passed": self.passed}

    def as_text(self) -> str:
        """For a terminal: a line a measure, a line a kind of mismatch."""
        lines = []
        for one in self.measures:
            mark = {True: "ok  ", False: "FAIL", None: "    "}[one.passed]
            value = "none" if one.value is None else f"{one.value:.4f}"
            ceiling = "" if one.ceiling is None else f"  ceiling {one.ceiling:.4f}"
            goal = "" if one.goal is None else f"  goal {one.goal}"
            lines.append(f"{mark} {one.name:28} {value}  ({one.numerator:,} / {one.denominator:,}){goal}{ceiling}")
        for kind in self.mismatches:
            lines.append(
                f"     {kind.kind}: {kind.count:,}  " + ", ".join(f"{name} {count}" for name, count in kind.combinations[:6])
            )
        return "\n".join(lines)


def score(truth_dir: Path | str, run_dir: Path | str, identities: Identities = None, examples: int = EXAMPLES) -> Score:
    """Compare a run with the key.

    truth_dir: the `truth` folder of create_rehearsal. run_dir: a run's output folder (infusions, episodes, maturity as Parquet).
    identities: pseudonym -> person_id as a mapping, a Parquet file or a folder of them (columns pseudonym, person_id); None where
    the run kept the ids. Errors: FileNotFoundError names the file that is missing.
    """
    truth, run = Path(truth_dir), Path(run_dir)
    for path in (
        truth / "infusions.csv",
        truth / "episodes.csv",
        truth / "leakage.csv",
        truth / "maturity.csv",
        truth / "manifest.json",
    ):
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: create the rehearsal system again.")
    for name in ("infusions", "episodes", "maturity"):
        if not (run / f"{name}.parquet").exists():
            raise FileNotFoundError(f"{run / name}.parquet is missing: this is no complete run.")
    with duckdb.connect() as connection:
        _read(connection, truth, run, identities)
        _pair_infusions(connection)
        _pair_episodes(connection)
        months = _months(connection)
        manifest = json.loads((truth / "manifest.json").read_text(encoding="utf-8"))
        measures = (
            *_infusion_measures(connection),
            *_leakage_measures(months),
            *_episode_measures(connection),
            *_maturity(connection),
        )
        if (truth / "exposures.csv").exists() and (run / "exposure.parquet").exists():
            _pair_exposures(connection, truth, run)
            measures = (*measures, *_exposure_measures(connection))
        return Score(measures, months, _mismatches(connection, examples), manifest["people"], manifest["seed"])


def _read(connection: duckdb.DuckDBPyConnection, truth: Path, run: Path, identities: Identities) -> None:
    """planted_* from the key, found_* from the run, person ids made the same."""
    for name in ("infusions", "episodes", "leakage", "maturity"):
        connection.execute(
            f"CREATE TABLE planted_{name} AS SELECT row_number() OVER () AS planted_id, * "
            "FROM read_csv($file, header=true, all_varchar=true, delim=',', quote='\"')",
            {"file": str(truth / f"{name}.csv")},
        )
    connection.execute("CREATE TABLE identities (pseudonym VARCHAR, person_id VARCHAR)")
    if isinstance(identities, Mapping):
        if identities:
            connection.executemany("INSERT INTO identities VALUES (?, ?)", list(identities.items()))
    elif identities is not None:
        path = Path(identities)
        files = str(path / "*.parquet") if path.is_dir() else str(path)
        connection.execute(
            "INSERT INTO identities SELECT DISTINCT pseudonym, person_id FROM read_parquet($files)", {"files": files}
        )
    for name in ("infusions", "episodes"):
        connection.execute(
            f"""CREATE TABLE found_{name} AS
            SELECT row_number() OVER () AS found_id, found.* REPLACE (coalesce(identities.person_id, found.person_id) AS person_id)
            FROM read_parquet($file) AS found LEFT JOIN identities ON found.person_id = identities.pseudonym""",
            {"file": str(run / f"{name}.parquet")},
        )
    connection.execute("CREATE TABLE found_maturity AS FROM read_parquet($file)", {"file": str(run / "maturity.parquet")})


# Who may be paired, round by round; p is planted, f is found. Later rounds only see what earlier ones left over.
_ROUNDS = (
    "p.service_day = f.service_date AND p.molecule = f.molecule AND p.site_id = f.site_id",
    "p.service_day = f.service_date AND p.molecule = f.molecule",
    "p.service_day = f.service_date AND p.family = f.family",
    "p.service_day = f.service_date AND coalesce(f.family, 'unknown') = 'unknown'",
    "p.family = f.family AND abs(p.service_day - f.service_date) = 1",
    "coalesce(f.family, 'unknown') = 'unknown' AND abs(p.service_day - f.service_date) = 1",
)


def _pair_infusions(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("ALTER TABLE planted_infusions ADD COLUMN service_day DATE")
    connection.execute("UPDATE planted_infusions SET service_day = service_date::DATE")
    connection.execute("CREATE TABLE pairs (planted_id BIGINT, found_id BIGINT)")
    for rule in _ROUNDS:
        connection.execute(
            f"""INSERT INTO pairs
            WITH candidates AS (
                SELECT p.planted_id, f.found_id
                FROM planted_infusions AS p JOIN found_infusions AS f ON p.person_id = f.person_id AND {rule}
                WHERE p.planted_id NOT IN (SELECT planted_id FROM pairs) AND f.found_id NOT IN (SELECT found_id FROM pairs)
            ), ranked AS (
                SELECT *, row_number() OVER (PARTITION BY planted_id ORDER BY found_id) AS of_planted,
                    row_number() OVER (PARTITION BY found_id ORDER BY planted_id) AS of_found
                FROM candidates
            )
            SELECT planted_id, found_id FROM ranked WHERE of_planted = 1 AND of_found = 1"""
        )
    connection.execute(
        """CREATE TABLE both_infusions AS
        SELECT p.planted_id, f.found_id, p.person_id, p.service_day, p.family, p.site_id AS planted_site_id,
        f.site_id AS found_site_id,
            p.site_class AS planted_class, f.site_class AS found_class, p.visible_site_class AS visible_class,
            p.channel AS planted_channel, f.channel AS found_channel, p.visible_channel, f.channel_confidence,
            nullif(p.outcome, '') AS planted_outcome, f.outcome AS found_outcome, p.visible_outcome, p.hidden_by, p.claim_ids,
            p.attributed = 'true' AS planted_attributed, p.visible_attributed = 'true' AS visible_attributed,
            f.attributed AND f.attribution_rule IN ('ordering_npi', 'rendering_npi') AS found_named, f.attribution_rule,
            p.dose::DOUBLE AS planted_dose, f.dose::DOUBLE AS found_dose
        FROM pairs JOIN planted_infusions AS p USING (planted_id) JOIN found_infusions AS f USING (found_id)"""
    )


def _pair_episodes(connection: duckdb.DuckDBPyConnection) -> None:
    """The run's episode that overlaps the planted one longest; each used once."""
    connection.execute(
        """CREATE TABLE both_episodes AS
        WITH candidates AS (
            SELECT p.planted_id, f.found_id,
                least(p.last_infused_on::DATE, f.last_infused_on) - greatest(p.started_on::DATE, f.started_on) AS shared
            FROM planted_episodes AS p JOIN found_episodes AS f ON p.person_id = f.person_id AND p.family = f.family
            WHERE f.started_on <= p.last_infused_on::DATE + 3 AND f.last_infused_on >= p.started_on::DATE - 3
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY planted_id ORDER BY shared DESC, found_id) AS of_planted,
                row_number() OVER (PARTITION BY found_id ORDER BY shared DESC, planted_id) AS of_found
            FROM candidates
        )
        SELECT p.planted_id, p.person_id, p.family, p.started_on, p.last_infused_on, f.started_on AS found_started_on,
            f.last_infused_on AS found_last_infused_on, p.attributed = 'true' AS planted_attributed,
            f.attributed AS found_attributed,
            nullif(p.outcome, '') AS planted_outcome, nullif(f.outcome, '') AS found_outcome, nullif(p.visible_outcome,
            '') AS visible_outcome,
            p.ended_because, p.overdue_on, nullif(p.reason, '') AS planted_reason, nullif(f.reason, '') AS found_reason,
            p.planned_reason,
            p.planned_end
        FROM planted_episodes AS p
        LEFT JOIN ranked ON p.planted_id = ranked.planted_id AND of_planted = 1 AND of_found = 1
        LEFT JOIN found_episodes AS f ON f.found_id = ranked.found_id"""
    )


def _share(name: str, sentence: str, row: tuple, goal: float | None = None) -> Measure:
    """row: (numerator, denominator) or (numerator, denominator, ceiling numerator)."""
    numerator, denominator = int(row[0] or 0), int(row[1] or 0)
    value = numerator / denominator if denominator else None
    ceiling = int(row[2] or 0) / denominator if len(row) > 2 and denominator else None
    passed = None if goal is None else value is not None and value >= goal
    return Measure(name, sentence, numerator, denominator, value, goal, passed, ceiling)


def _infusion_measures(connection: duckdb.DuckDBPyConnection) -> list[Measure]:
    def one(sql: str) -> tuple:
        return connection.execute(sql).fetchone()

    found, visible, planted = one(
        "SELECT (SELECT count(*) FROM found_infusions), count(*) FILTER (visible = 'true'), count(*) FROM planted_infusions"
    )
    value = found / visible if visible else None
    within = value is not None and abs(value - 1) <= INFUSIONS_WITHIN
    count = Measure(
        "infusions_counted", "Infusions found ÷ planted infusions that stand in the extract (within half a percent of one).",
        found, visible, value, 1 - INFUSIONS_WITHIN, within, visible / planted if planted else None,
    )  # fmt: skip
    return [
        count,
        _share(
            "infusions_found",
            "Planted infusions in the extract that the run found.",
            one(
                """SELECT count(*) FILTER (planted_id IN (SELECT planted_id FROM pairs)),
                count(*) FROM planted_infusions WHERE visible = 'true'"""
            ),
        ),
        _share(
            "infusions_real",
            "Infusions of the run that were planted.",
            one("SELECT count(*) FILTER (found_id IN (SELECT found_id FROM pairs)), count(*) FROM found_infusions"),
        ),
        _share(
            "site_class",
            "Paired infusions with the planted site class.",
            one(
                "SELECT count(*) FILTER (planted_class = found_class), count(*), count(*) FILTER (planted_class = visible_class) "
                "FROM both_infusions"
            ),
            SITE_CLASS_GOAL,
        ),
        _share(
            "white_bag_precision",
            "Infusions that the run calls white-bagged and that were.",
            one(
                """SELECT count(*) FILTER (planted_channel = 'white_bag'), count(*)
                FROM found_infusions AS f LEFT JOIN both_infusions AS b USING (found_id) WHERE f.channel = 'white_bag'"""
            ),
            WHITE_BAG_GOAL,
        ),
        _share(
            "white_bag_recall",
            "White-bagged infusions of mature months that the run calls so.",
            one(
                """SELECT count(*) FILTER (found_channel = 'white_bag'), count(*), count(*) FILTER (p.visible_channel = 'white_bag')
                FROM planted_infusions AS p LEFT JOIN both_infusions USING (planted_id)
                WHERE p.channel = 'white_bag' AND p.mature = 'true'"""
            ),
            WHITE_BAG_GOAL,
        ),
        _share(
            "white_bag_precision_confirmed",
            "The same precision where the run says confirmed.",
            one(
                """SELECT count(*) FILTER (planted_channel = 'white_bag'), count(*) FROM found_infusions AS f
                LEFT JOIN both_infusions AS b USING (found_id) WHERE f.channel = 'white_bag'
                AND f.channel_confidence = 'confirmed'"""
            ),
        ),
        _share(
            "channel",
            "Paired infusions with the planted drug channel.",
            one(
                """SELECT count(*) FILTER (planted_channel = found_channel), count(*),
                    count(*) FILTER (planted_channel = visible_channel) FROM both_infusions"""
            ),
        ),
        _share(
            "attribution",
            "Paired infusions rightly attributed (or not) by a named prescriber.",
            one(
                "SELECT count(*) FILTER (planted_attributed = coalesce(found_named, false)), count(*), "
                "count(*) FILTER (planted_attributed = visible_attributed) FROM both_infusions"
            ),
        ),
        _share(
            "outcome",
            "Paired infusions with the planted outcome.",
            one(
                "SELECT count(*) FILTER (planted_outcome IS NOT DISTINCT FROM found_outcome), count(*), "
                "count(*) FILTER (planted_outcome IS NOT DISTINCT FROM nullif(visible_outcome, '')) FROM both_infusions"
            ),
        ),
        _share(
            "dose",
            "Paired infusions with the planted dose.",
            one(
                """SELECT count(*) FILTER (abs(planted_dose - found_dose) < 0.001), count(*)
                FROM both_infusions WHERE found_dose IS NOT NULL"""
            ),
        ),
    ]


def _months(connection: duckdb.DuckDBPyConnection) -> tuple[MonthScore, ...]:
    rows = connection.execute(
        """WITH immature AS (
            SELECT DISTINCT strftime(month::DATE, '%Y-%m') AS month FROM found_maturity WHERE NOT coalesce(mature, false)
        ), found AS (
            SELECT strftime(service_date, '%Y-%m') AS month, count(*) FILTER (outcome = 'site_leak') AS leaks,
                count(*) FILTER (outcome IN ('kept', 'margin_leak', 'site_leak')) AS base
            FROM found_infusions
            WHERE attributed AND attribution_rule IN ('ordering_npi', 'rendering_npi')
            GROUP BY ALL
        )
        SELECT p.month, p.mature = 'true' AND p.month NOT IN (SELECT month FROM immature), p.site_leak::BIGINT,
            p.kept::BIGINT + p.margin_leak::BIGINT + p.site_leak::BIGINT, p.leakage_rate::DOUBLE, coalesce(found.leaks, 0),
            coalesce(found.base, 0), p.visible_leakage_rate::DOUBLE
        FROM planted_leakage AS p LEFT JOIN found USING (month) ORDER BY p.month"""
    ).fetchall()
    made = []
    for month, mature, leaks, base, rate, found_leaks, found_base, visible in rows:
        found = found_leaks / found_base if found_base else None
        error = found - rate if found is not None and rate is not None else None
        ceiling = visible - rate if visible is not None and rate is not None else None
        made.append(MonthScore(month, mature, leaks, base, rate, found_leaks, found_base, found, error, ceiling))
    return tuple(made)


def _leakage_measures(months: tuple[MonthScore, ...]) -> list[Measure]:
    mature = [month for month in months if month.mature and month.planted_base]
    errors = [1.0 if month.error is None else abs(month.error) for month in mature]
    ceilings = [abs(month.ceiling_error) for month in mature if month.ceiling_error is not None]
    good = sum(error <= LEAKAGE_WITHIN for error in errors)
    worst, worst_ceiling = (max(errors) if errors else None), (max(ceilings) if ceilings else None)
    all_planted = sum(month.planted_base for month in mature), sum(month.planted_leaks for month in mature)
    return [
        Measure(
            "leakage_months_within", "Mature months whose leakage rate is within one and a half points of the truth.",
            good, len(mature), good / len(mature) if mature else None, 1.0, bool(mature) and good == len(mature),
        ),
        Measure(
            "leakage_worst_error",
            "The largest error of a mature month's leakage rate; the ceiling is the error of a perfect reader.",
            all_planted[1], all_planted[0], worst, LEAKAGE_WITHIN, worst is not None and worst <= LEAKAGE_WITHIN, worst_ceiling,
        ),
    ]  # fmt: skip


def _episode_measures(connection: duckdb.DuckDBPyConnection) -> list[Measure]:
    def one(sql: str) -> tuple:
        return connection.execute(sql).fetchone()

    return [
        _share(
            "episode_outcome",
            "Attributed planted episodes with the planted outcome.",
            one(
                """SELECT count(*) FILTER (planted_outcome = found_outcome), count(*),
                count(*) FILTER (planted_outcome = visible_outcome)
                FROM both_episodes WHERE planted_attributed"""
            ),
            EPISODE_GOAL,
        ),
        _share(
            "dark_precision",
            "Episodes that the run calls dark and that are.",
            one("""SELECT count(*) FILTER (planted_outcome = 'dark'), count(*) FROM both_episodes WHERE found_outcome = 'dark'"""),
        ),
        _share(
            "dark_recall",
            "Planted dark episodes that the run calls dark.",
            one(
                """SELECT count(*) FILTER (found_outcome = 'dark'), count(*), count(*) FILTER (visible_outcome = 'dark')
                FROM both_episodes WHERE planted_outcome = 'dark'"""
            ),
        ),
        _share(
            "move_reason",
            "Episodes that moved, and were found to, with the reason that the definitions give.",
            one(
                """SELECT count(*) FILTER (planted_reason = found_reason), count(*) FROM both_episodes
                WHERE planted_outcome = 'moved_out' AND found_outcome = 'moved_out'"""
            ),
        ),
    ]


def _pair_exposures(connection: duckdb.DuckDBPyConnection, truth: Path, run: Path) -> None:
    """The first exposed day of each person, family and policy: planted, as claims can show it, and found."""
    connection.execute(
        """CREATE TABLE both_exposures AS
        WITH planted AS (
            SELECT person_id, family, policy_id, nullif(exposed_from, '')::DATE AS planted_from,
                nullif(visible_exposed_from, '')::DATE AS visible_from
            FROM read_csv($truth, header=true, all_varchar=true, delim=',', quote='"')
        ), found AS (
            SELECT coalesce(identities.person_id, exposure.person_id) AS person_id, family, policy_id,
                min(exposed_from) AS found_from
            FROM read_parquet($run) AS exposure LEFT JOIN identities ON exposure.person_id = identities.pseudonym
            WHERE exposed_from IS NOT NULL
            GROUP BY ALL
        )
        SELECT person_id, family, policy_id, planted_from, visible_from, found_from
        FROM planted FULL JOIN found USING (person_id, family, policy_id)""",
        {"truth": str(truth / "exposures.csv"), "run": str(run / "exposure.parquet")},
    )


def _exposure_measures(connection: duckdb.DuckDBPyConnection) -> list[Measure]:
    right, told, right_of_told, every = connection.execute(
        """SELECT count(*) FILTER (found_from IS NOT DISTINCT FROM planted_from),
            count(*) FILTER (visible_from IS NOT DISTINCT FROM planted_from),
            count(*) FILTER (visible_from IS NOT DISTINCT FROM planted_from AND found_from IS NOT DISTINCT FROM planted_from),
            count(*) FROM both_exposures"""
    ).fetchone()
    return [
        _share(
            "exposure_date",
            "First exposed days by person, therapy and policy that claims can show, found to the day.",
            (right_of_told, told),
            EXPOSURE_GOAL,
        ),
        _share(
            "exposure_date_hidden_too",
            "The same, also where claims cannot show the day (a start before the enrollment, a dose not yet paid).",
            (right, every, told),
        ),
    ]


def _maturity(connection: duckdb.DuckDBPyConnection) -> list[Measure]:
    row = connection.execute(
        """SELECT count(*) FILTER ((p.mature = 'true') = coalesce(f.mature, false)), count(*)
        FROM planted_maturity AS p LEFT JOIN found_maturity AS f
            ON f.data_source = p.data_source AND strftime(f.month::DATE, '%Y-%m') = p.month"""
    ).fetchone()
    return [_share("maturity", "Feeds and months judged mature, or not, as planted.", row)]


# kind: (FROM … WHERE, combination, columns of the examples, which examples first)
_MISMATCHES = {
    "infusion_missed": (
        "planted_infusions WHERE visible = 'true' AND planted_id NOT IN (SELECT planted_id FROM pairs)",
        "concat_ws(' ', channel, site_class, nullif(hidden_by, ''))",
        "person_id, service_date, family, hcpcs_code, site_id, site_class, channel, hidden_by, claim_ids",
        "hidden_by NULLS FIRST",
    ),
    "infusion_invented": (
        "found_infusions WHERE found_id NOT IN (SELECT found_id FROM pairs)",
        "concat_ws(' ', coalesce(family, 'no family'), site_class, channel)",
        "person_id, service_date, family, hcpcs_codes, site_id, site_class, channel",
        "person_id",
    ),
    "site_class_wrong": (
        "both_infusions WHERE planted_class IS DISTINCT FROM found_class",
        "concat(planted_class, ' → ', found_class)",
        "person_id, service_day, family, planted_site_id, found_site_id, planted_class, visible_class, found_class, hidden_by, "
        "claim_ids",
        "planted_class IS DISTINCT FROM visible_class",
    ),
    "channel_wrong": (
        "both_infusions WHERE planted_channel IS DISTINCT FROM found_channel",
        """concat(planted_channel, ' → ', found_channel,
            if(found_channel IS DISTINCT FROM visible_channel, '', ' (as claims show)'))""",
        "person_id, service_day, family, planted_site_id, planted_channel, visible_channel, found_channel, hidden_by, claim_ids",
        "found_channel IS NOT DISTINCT FROM visible_channel",
    ),
    "attribution_wrong": (
        "both_infusions WHERE planted_attributed != coalesce(found_named, false)",
        """concat(planted_attributed, ' → ', found_named, ' by ', attribution_rule,
            if(visible_attributed = coalesce(found_named, false), ' (as claims show)', ''))""",
        "person_id, service_day, family, planted_site_id, planted_attributed, visible_attributed, found_named, attribution_rule, "
        "claim_ids",
        "visible_attributed = coalesce(found_named, false)",
    ),
    "episode_wrong": (
        "both_episodes WHERE planted_attributed AND planted_outcome IS DISTINCT FROM found_outcome",
        """concat(planted_outcome, if(coalesce(ended_because, '') = '', '', concat('/', ended_because)), ' → ',
            coalesce(found_outcome, if(found_started_on IS NULL, 'no episode', 'not attributed')),
            if(found_outcome IS NOT DISTINCT FROM visible_outcome, ' (as claims show)', ''))""",
        "person_id, family, started_on, last_infused_on, overdue_on, found_started_on, found_last_infused_on, planted_outcome, "
        "ended_because, visible_outcome, found_outcome, planned_reason, planned_end",
        "found_outcome IS NOT DISTINCT FROM visible_outcome",
    ),
    "reason_wrong": (
        """both_episodes
            WHERE planted_outcome = 'moved_out' AND found_outcome = 'moved_out' AND planted_reason IS DISTINCT FROM found_reason""",
        "concat(planted_reason, ' → ', coalesce(found_reason, 'none'))",
        "person_id, family, started_on, last_infused_on, planted_reason, planned_reason, found_reason",
        "person_id",
    ),
    "exposure_wrong": (
        "both_exposures WHERE planted_from IS DISTINCT FROM found_from",
        """concat(policy_id, CASE WHEN planted_from IS NULL THEN ': not planted' WHEN found_from IS NULL THEN ': not found'
            WHEN found_from < planted_from THEN ': too early' ELSE ': too late' END,
            if(found_from IS NOT DISTINCT FROM visible_from, ' (as claims show)', ''))""",
        "person_id, family, policy_id, planted_from, visible_from, found_from",
        "planted_from IS DISTINCT FROM visible_from",
    ),
}


def _mismatches(connection: duckdb.DuckDBPyConnection, examples: int) -> tuple[Mismatch, ...]:
    made = []
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    for kind, (source, combination, columns, first) in _MISMATCHES.items():
        if source.split()[0] not in tables:
            continue
        combinations = connection.execute(
            f"SELECT {combination} AS what, count(*) FROM {source} GROUP BY ALL ORDER BY 2 DESC, 1"
        ).fetchall()
        rows = connection.execute(f"SELECT {columns} FROM {source} ORDER BY {first}, person_id LIMIT {int(examples)}")
        names = [column[0] for column in rows.description]
        found = tuple(
            {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)} for row in rows.fetchall()
        )
        made.append(Mismatch(kind, sum(count for _, count in combinations), tuple(combinations), found))
    return tuple(made)
