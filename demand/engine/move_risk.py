"""Snapshots of treatments -> who is likely to move out in the next 12 months, and how far that can be trusted.

Grain of `risk`: one row per treatment that is active on the forecast's day. Formula: of those still with us, each month some move out and
some end treatment, with chances from a multinomial logistic regression on the features of the month (a discrete-time model with
competing risks); risk = sum over the months of (share still there before it) x (chance to move in it). What ends first cannot move any more.
Who turns to another site of ours stays with us; where a policy permits none of ours, who would turn moves out instead.

Judged on the last day that has 12 complete months after it: by those months, after learning from what was known by the day only. Then
learned again from all complete months for the forecast. Penalty and features are fixed beforehand (`risk_features`), never chosen on the
year that judges. Gradient-boosted trees and a regression on the 12 months as a whole were tried on rehearsal systems of 20,000 people: both
were less well calibrated (Brier scores 0.110 and 0.119 against 0.103 at that time; base rate 0.111).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from demand.engine import export_tables, risk_features, stage
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from demand.engine.risk_features import (
    AMOUNTS,
    GROUPS,
    MONTHS,
    NO_SITE_OF_OURS,
    OVERDUE,
    REACHED,
    RECENT,
    SOON,
    TRAIT_WEIGHT,
    WHO,
    months_ahead,
)
from demand.engine.risk_snapshots import tell_risk_snapshots
from demand.engine.workspace import parse_bytes

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

PENALTY = 0.2  # scikit-learn's C: strong, because a treatment stands in the rows of several days and tells less than they are many
LEARNED_MOVES = 50  # fewer moves say too little of what goes before a move …
JUDGED_MOVES = 20  # … and fewer in the year after too little of how good the forecast was
FOLLOWED = 0.9  # of the treatments at risk on the evaluation's day must be known for all 12 months
CHUNK = 5_000
BESIDE_PYTHON, LEAST_BYTES = 0.4, 240_000_000  # of the memory limit, where that is enough for 20,000 people
RESAMPLES = 1_000
CHANCE_YEARS = 400
SEED = 20260601
TOLD = 4  # digits of a probability that are kept: the rest depends on the machine
REASONS = 3
DRIVERS = 15
LEAST_REASON = 0.1  # of a logarithm of odds: a tenth more likely
STAYS, MOVES, ENDS, TURNS = range(4)
SOON_OF = {SOON.format(name): name for name in RECENT}
TOO_FEW, NO_BETTER, BETTER = "too few", "no better", "better"


@dataclass(frozen=True)
class MoveRisk:
    """`risk`: person_no, family …, risk, risk_certain, risk_all, months (a list of 12), reasons (text, ";" between). `card`: the model card."""

    risk: pd.DataFrame
    card: dict


@dataclass(frozen=True)
class Model:
    """Monthly chances. Without a regression everybody has the base rate."""

    base: tuple[float, float]  # chance of a month to move, to end
    known: dict[str, list[str]]
    regression: LogisticRegression | None = None

    def chances(self, snapshots: pd.DataFrame, with_maybe: bool = False) -> np.ndarray:
        """(treatments, months): the probability that the move falls into the month."""
        found = np.empty((len(snapshots), MONTHS))
        for start in range(0, len(snapshots), CHUNK):
            part = self._by_month(snapshots.iloc[start : start + CHUNK], with_maybe)
            there = np.cumprod(1 - part[:, :, MOVES] - part[:, :, ENDS], axis=1)
            before = np.concatenate([np.ones((len(there), 1)), there[:, :-1]], axis=1)
            found[start : start + len(part)] = before * part[:, :, MOVES]
        return found

    def _by_month(self, snapshots: pd.DataFrame, with_maybe: bool) -> np.ndarray:
        """(treatments, months, outcomes): the chances of the month for who is still there."""
        chances = np.zeros((len(snapshots) * MONTHS, 4))
        if self.regression is None:
            chances[:, [MOVES, ENDS]] = self.base
        else:
            rows = months_ahead(snapshots, self.known, with_maybe)
            chances[:, self.regression.classes_] = self.regression.predict_proba(rows.to_numpy())
            chances[:, MOVES] += chances[:, TURNS] * rows[NO_SITE_OF_OURS]  # who would turn to another site of ours cannot
        return chances.reshape(-1, MONTHS, 4)


def write_move_risk(connection: duckdb.DuckDBPyConnection, folder: Path, reference: Reference, parameters: Parameters) -> dict:
    """The run's finished files in `folder` -> risk.parquet beside them; returns the model card."""
    with room_for_python(connection):
        with connection.cursor() as lane:  # its tables are its own, and gone before the forecast needs room
            stage.set_parameters(lane, parameters)
            snapshots = tell_risk_snapshots(lane, folder, reference)
        found = forecast_moves(snapshots)
    connection.register("risk_row", found.risk)
    target = str(folder / "risk.parquet").replace("'", "''")
    connection.execute(
        f"COPY (SELECT {export_tables.columns(export_tables.RISK)} FROM risk_row ORDER BY person_no, family, started_on) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION snappy)"
    )
    connection.unregister("risk_row")
    return found.card


@contextmanager
def room_for_python(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Less of DuckDB's memory, which spills the rest, while frames and scikit-learn lie beside it."""
    [(limit,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    whole = parse_bytes(limit)
    connection.execute(f"SET memory_limit = '{min(whole, max(round(whole * BESIDE_PYTHON), LEAST_BYTES))}B'")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = '{limit}'")


def forecast_moves(snapshots: pd.DataFrame) -> MoveRisk:
    """risk_snapshot -> risk and model card. Deterministic: one thread, a fixed seed, rounded."""
    with threadpool_limits(1):
        now = snapshots[snapshots["snapshot_no"] == 1].reset_index(drop=True)
        past = snapshots[snapshots["snapshot_no"] > 1].reset_index(drop=True)
        evaluation, status = _evaluate(past)
        learned = _hindsight(past)
        model, training = _learn(learned, with_features=status != TOO_FEW)  # no better: shown, with these words beside it
        worlds = [model.chances(now, with_maybe) for with_maybe in (False, True)]
        chance = now["site_policy_chance"].to_numpy(dtype=float)[:, None]
        months = (1 - chance) * worlds[0] + chance * worlds[1]
        risk = _risk_rows(now, months, worlds, _reasons(model, now))
        card = {
            "status": status,
            "forecast_on": now["snapshot_on"].iloc[0].date() if len(now) else None,
            "treatments": len(now),
            "expected": _rounded(months.sum()),
            "expected_certain": _rounded(worlds[0].sum()),
            "expected_all": _rounded(worlds[1].sum()),
            "training": training,
            "evaluation": evaluation,
            "drivers": _drivers(model, learned),
        }
    return MoveRisk(risk, _plain(card))


def _evaluate(past: pd.DataFrame) -> tuple[dict | None, str]:
    """On the last day that has 12 complete months after it: learn from what was known by then, and look what came. (facts, status)"""
    whole = past.assign(whole=past["followed"] >= MONTHS).groupby("snapshot_on")["whole"].mean()
    days = whole[whole >= FOLLOWED].index
    if not len(days):
        return None, TOO_FEW
    day = days.max()
    earlier = past[past["snapshot_on"] < day]
    until = (day.year - earlier["snapshot_on"].dt.year) * 12 + day.month - earlier["snapshot_on"].dt.month
    model, training = _learn(_hindsight(earlier).assign(followed=np.minimum(earlier["followed"], until)), with_features=True)
    judged = past[(past["snapshot_on"] == day) & (past["followed"] >= MONTHS)]
    outcome, counts = (told.reshape(-1, MONTHS) for told in _outcomes(judged))
    moved = ((outcome == MOVES) & counts).any(axis=1).astype(float)
    base = float(Model(model.base, {}).chances(judged.iloc[:1]).sum())
    told = {
        "on": day.date(), "through": (day + pd.DateOffset(months=MONTHS)).date(), "treatments": len(judged), "moved": int(moved.sum()),
        "left_out": int(((past["snapshot_on"] == day) & (past["followed"] < MONTHS)).sum()),
        "learned_moves": training["moves"], "base_rate": round(base, TOLD),
    }  # fmt: skip
    if model.regression is None or moved.sum() < JUDGED_MOVES:
        return told, TOO_FEW
    risk = np.round(model.chances(judged).sum(axis=1), TOLD)
    gain = (base - moved) ** 2 - (risk - moved) ** 2
    low, high = _bootstrap(gain)
    told |= {
        "expected": _rounded(risk.sum()), "brier": _rounded(np.mean((risk - moved) ** 2), 5),
        "brier_base": _rounded(np.mean((base - moved) ** 2), 5), "gain": _rounded(gain.mean(), 5), "gain_low": low, "gain_high": high,
        "deciles": _deciles(risk, moved), "chance_points": _chance_points(risk),
    }  # fmt: skip
    return told, BETTER if low > 0 else NO_BETTER


def _hindsight(past: pd.DataFrame) -> pd.DataFrame:
    """With the policies that came, whether or not they were known on the day: what they did is learned from, not how they surprised.

    No later than the months learned from: a policy that binds in a month had come by then.
    """
    came = ("site_policy_on", "site_policy_terms", "drug_policy_on")
    return past.assign(**{name: past[name.replace("policy", "policy_came")] for name in came})


def _learn(past: pd.DataFrame, with_features: bool) -> tuple[Model, dict]:
    """Complete months of treatments -> the model and what it rests on."""
    known = risk_features.levels(past)
    outcome, complete = _outcomes(past)
    came = outcome[complete]
    moves, ends = int((came == MOVES).sum()), int((came == ENDS).sum())
    base = (moves / len(came), ends / len(came)) if len(came) else (0.0, 0.0)
    regression = None
    if with_features and moves >= LEARNED_MOVES and ends:
        from sklearn.linear_model import LogisticRegression  # here, because it takes a second to load and pages never need it

        regression = LogisticRegression(C=PENALTY, max_iter=1_000).fit(_features(past, known, complete), came)
    seen = past[past["followed"] > 0]
    told = {
        "from": seen["snapshot_on"].min().date() if len(seen) else None,
        "through": seen["snapshot_on"].max().date() if len(seen) else None,
        "days": int(seen["snapshot_on"].nunique()),
        "people": int(seen["person_no"].nunique()),
        "treatment_months": len(came),
        "moves": moves,
        "base_rate": round(float(Model(base, {}).chances(past.iloc[:1]).sum()), TOLD) if len(past) else None,
    }
    return Model(base, known, regression), told


def _features(past: pd.DataFrame, known: dict[str, list[str]], complete: np.ndarray) -> np.ndarray:
    """Rows of the complete months; filled part by part, so that they are in memory once."""
    made, at = np.empty((int(complete.sum()), months_ahead(past.iloc[:1], known).shape[1]), np.float32), 0
    for start in range(0, len(past), CHUNK):
        part = past.iloc[start : start + CHUNK]
        rows = months_ahead(part, known).to_numpy()[complete[start * MONTHS : (start + len(part)) * MONTHS]]
        made[at : at + len(rows)] = rows
        at += len(rows)
    return made


def _outcomes(snapshots: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What each month ahead brought, and which months count: complete ones, up to the one in which the treatment moved or ended."""
    month = np.tile(np.arange(1, MONTHS + 1), len(snapshots))
    moved, ended, turned, followed = (
        np.repeat(snapshots[name].to_numpy(dtype=float), MONTHS)
        for name in ("moved_in_month", "ended_in_month", "turned_in_month", "followed")
    )
    first = np.fmin(moved, ended)
    outcome = np.where(month == turned, TURNS, STAYS)
    outcome = np.where(month != first, outcome, np.where(moved <= ended, MOVES, ENDS))
    return outcome.astype(np.int8), (month <= followed) & (month <= first)


def _bootstrap(gain: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean, seeded."""
    draws = np.random.default_rng(SEED)
    means = np.sort([gain[draws.integers(0, len(gain), len(gain))].mean() for _ in range(RESAMPLES)])
    return _rounded(means[int(0.025 * RESAMPLES)], 5), _rounded(means[int(0.975 * RESAMPLES)], 5)


def _deciles(risk: np.ndarray, moved: np.ndarray) -> list[dict]:
    """A tenth of the treatments each, the lowest risks first: what was expected and what came."""
    order = np.argsort(risk, kind="stable")
    return [
        {
            "low": float(risk[part].min()), "high": float(risk[part].max()), "treatments": len(part),
            "expected": _rounded(risk[part].sum()), "moved": int(moved[part].sum()),
        }
        for part in np.array_split(order, 10)
        if len(part)
    ]  # fmt: skip


def _chance_points(risk: np.ndarray) -> float:
    """By how many points the worst tenth is off in 19 of 20 years although every risk is exactly right: chance alone, drawn with a seed."""
    draws = np.random.default_rng(SEED)
    parts = [part for part in np.array_split(np.sort(risk), 10) if len(part)]
    worst = [
        max(abs((draws.random(len(part)) < part).mean() - part.mean()) for part in parts) for _ in range(CHANCE_YEARS)
    ]  # fmt: skip
    return _rounded(100 * np.quantile(worst, 0.95))


def _effects(model: Model, snapshots: pd.DataFrame, with_maybe: bool = False) -> tuple[pd.DataFrame, pd.Series]:
    """Features of the months ahead, a group's as 1 or 0, and by feature the logarithm of the odds to move against staying.

    A group stands against the average group, whose members a policy is not about to reach; being reached against everybody else.
    """
    rows = months_ahead(snapshots, model.known, with_maybe)
    effects = pd.Series(model.regression.coef_[MOVES] - model.regression.coef_[STAYS], index=rows.columns)
    rows[list(WHO)] /= TRAIT_WEIGHT
    effects[list(WHO)] *= TRAIT_WEIGHT
    for group in GROUPS.values():
        of_group = [name for name in rows.columns if name.startswith(f"{group}: ")]
        rows[of_group] /= TRAIT_WEIGHT
        effects[of_group] *= TRAIT_WEIGHT
        share = rows[of_group].mean()
        average = float((share * effects[of_group]).sum() / share.sum()) if share.sum() else 0.0
        effects[of_group] -= average
        effects[list(REACHED)] -= average  # the groups of the reached are all zero
    return rows, effects


def _drivers(model: Model, past: pd.DataFrame) -> list[dict]:
    """What goes with moving, by how much it tells treatments apart: odds of a month against those without it, all else equal."""
    if model.regression is None:
        return []
    rows, effects = _effects(model, past.sample(min(CHUNK, len(past)), random_state=SEED))
    matter = (effects.abs() * rows.std()).sort_values(ascending=False, kind="stable")
    told = [
        name for name in matter.index if name not in (*AMOUNTS, OVERDUE) and matter[name] > 0
    ]  # overdue: mostly a sign of an end
    return [
        {"name": name, "odds": _rounded(np.exp(effects[name]), 2), "share": _rounded((rows[name] > 0).mean(), 3)}
        for name in told[:DRIVERS]
    ]


def _reasons(model: Model, now: pd.DataFrame) -> list[str]:
    """Up to three things for which a treatment's odds are higher than the average one's, the strongest first."""
    if model.regression is None:
        return [""] * len(now)
    found: list[str] = []
    for start in range(0, len(now), CHUNK):
        part = now.iloc[start : start + CHUNK]
        rows, effects = _effects(model, part, with_maybe=True)
        mean = rows.to_numpy().reshape(len(part), MONTHS, -1).mean(axis=1)
        more = (mean - mean.mean(axis=0)) * effects.to_numpy()
        there = (mean > 0) | rows.columns.isin(list(AMOUNTS))
        days = part[["site_policy_on", "site_policy_maybe_on"]].min(axis=1)
        names, signs = list(rows.columns), effects.tolist()
        found += [_said(names, signs, *one) for one in zip(more, there, days, strict=True)]
    return found


def _said(names: list[str], effects: list[float], more: np.ndarray, there: np.ndarray, policy_on: pd.Timestamp) -> str:
    """What each present feature adds to the logarithm of the odds -> the strongest reasons, ";" between."""
    parts: dict[str, float] = {}
    for place in np.flatnonzero(there):
        name = names[place]
        if name in REACHED:
            said = f"a site policy reaches the treatment on {policy_on:%Y-%m-%d}"
        elif name in AMOUNTS:
            said = name if effects[place] > 0 else AMOUNTS[name]
        else:
            said = SOON_OF.get(name, name)
        parts[said] = parts.get(said, 0.0) + more[place]
    parts.pop(OVERDUE, None)  # against staying alone it would read as a reason to move; most of them have ended
    strong = sorted(
        (said for said, weight in parts.items() if weight >= LEAST_REASON), key=lambda said: (-round(parts[said], 3), said)
    )
    return ";".join(strong[:REASONS])


def _risk_rows(now: pd.DataFrame, months: np.ndarray, worlds: list[np.ndarray], reasons: list[str]) -> pd.DataFrame:
    kept = [
        "person_id", "person_no", "family", "clinical_line", "payer", "line_of_business", "market", "site_id", "site_class", "started_on",
        "last_infused_on", "next_expected_on",
    ]  # fmt: skip
    return now[kept].assign(
        forecast_on=now["snapshot_on"],
        risk=np.round(months.sum(axis=1), TOLD),
        risk_certain=np.round(worlds[0].sum(axis=1), TOLD),
        risk_all=np.round(worlds[1].sum(axis=1), TOLD),
        months=[[round(float(value), TOLD + 1) for value in row] for row in months],
        reasons=reasons,
    )


def _rounded(value: float, digits: int = 1) -> float:
    return round(float(value), digits)


def _plain(value: object) -> object:
    """The card as JSON knows it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value
