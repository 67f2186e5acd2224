"""A second, slow, obvious way to the value of a scenario: one patient-month at a time, in fractions, no shared code.

It knows nothing of line items, parts or ledgers: for each group and month it asks where the patients are in each world, and
what the difference brings. Only the working capital and the rounding to cents follow the definitions' wording.
"""

from decimal import Decimal
from fractions import Fraction


def _f(value, month):
    return Fraction(value[month - 1] if isinstance(value, tuple) else value)


def _half_up(amount: Fraction) -> int:
    whole, rest = divmod(abs(amount), 1)
    whole += rest >= Fraction(1, 2)
    return int(whole) if amount >= 0 else -int(whole)


def _ramp(inputs, month):
    if month < inputs.opens:
        return Fraction(0)
    shares = list(inputs.ramp) + [inputs.ramp[-1]] * inputs.horizon
    return Fraction(shares[month - inputs.opens])


def _share_wanted(inputs, group, month):
    """Share of the group's infusions that would be at the new site."""
    if group.leave_month is None or group.is_new:
        share = Fraction(group.capture)
    elif month < group.leave_month:
        share = Fraction(group.capture) if inputs.moves == "at_opening" else Fraction(0)
        if group.leave_month < inputs.opens:
            share = Fraction(0)
    else:
        share = Fraction(group.recapture if group.leave_month < inputs.opens else group.capture)
    return share * _ramp(inputs, month)


def _fit(inputs, month):
    if inputs.chairs is None:
        return Fraction(1)
    minutes = sum(_f(g.infusions, month) * _share_wanted(inputs, g, month) * Fraction(g.chair_minutes) for g in inputs.groups)
    there = Fraction(inputs.chairs) * Fraction(inputs.open_hours_per_month) * 60 * Fraction(inputs.target_use)
    return Fraction(1) if minutes <= there else there / minutes


def monthly_value(inputs, baseline):
    """Cents by month 0 … horizon of scenario − baseline, and the same by part."""
    names = ("margin_kept", "margin_given_up", "effect_340b", "new_volume", "costs", "working_capital", "policies")
    names += ("margin_kept_risk", "risks")
    parts = {name: [0] * (inputs.horizon + 1) for name in names}
    bought = {"scenario": {}, "baseline": {}}
    bought["scenario"][0] = bought["baseline"][0] = sum(
        _f(g.infusions, 1) * _f(g.hospital.purchases, 1) for g in inputs.groups if not g.is_new
    )
    for outlay in inputs.outlays:
        parts["costs"][outlay.month] -= _half_up(Fraction(outlay.cents))
    for month in range(1, inputs.horizon + 1):
        fit = _fit(inputs, month)
        at_site = moved = new = hospital_now = hospital_before = Fraction(0)
        site_340b = hospital_340b_now = hospital_340b_before = Fraction(0)
        kept, lost, lost_340b = ({True: Fraction(0), False: Fraction(0)} for _ in range(3))
        buys = base_buys = Fraction(0)
        for g in inputs.groups:
            n, here = _f(g.infusions, month), _f(g.infusions, month) * _share_wanted(inputs, g, month) * fit
            at_site += here
            site_340b += here * _f(g.site.benefit_340b, month)
            buys += here * _f(g.site.purchases, month)
            gone = g.leave_month is not None and month >= g.leave_month
            if g.is_new:
                new += here * _f(g.site.margin, month)
                continue
            if gone:
                kept[g.by_risk] += here * _f(g.site.margin, month)
                lost[g.by_risk] += n * _f(g.hospital.margin, month)
                lost_340b[g.by_risk] += n * _f(g.hospital.benefit_340b, month)
                base_buys += n * _f(g.hospital.purchases, month) if baseline == "today" else 0
            else:
                moved += here * _f(g.site.margin, month)
                hospital_now += (n - here) * _f(g.hospital.margin, month)
                hospital_before += n * _f(g.hospital.margin, month)
                hospital_340b_now += (n - here) * _f(g.hospital.benefit_340b, month)
                hospital_340b_before += n * _f(g.hospital.benefit_340b, month)
                buys += (n - here) * _f(g.hospital.purchases, month)
                base_buys += n * _f(g.hospital.purchases, month)
        parts["margin_kept"][month], parts["margin_kept_risk"][month] = _half_up(kept[False]), _half_up(kept[True])
        parts["margin_given_up"][month] = _half_up(moved) + _half_up(hospital_now) - _half_up(hospital_before)
        parts["effect_340b"][month] = _half_up(site_340b) + _half_up(hospital_340b_now) - _half_up(hospital_340b_before)
        parts["new_volume"][month] = _half_up(new)
        for cost in inputs.costs:
            parts["costs"][month] -= _half_up(_f(cost.per_month, month) + _f(cost.per_infusion, month) * at_site)
        if baseline == "today":
            for name, by_risk in (("policies", False), ("risks", True)):
                parts[name][month] = -_half_up(lost[by_risk]) - _half_up(lost_340b[by_risk])
        bought["scenario"][month], bought["baseline"][month] = buys, base_buys
    net_days = Fraction(inputs.days.receivable) + Fraction(inputs.days.stock) - Fraction(inputs.days.supplier)
    for world, sign in (("scenario", 1), ("baseline", -1)):
        tied_up = [_half_up(bought[world][month] * 12 / 365 * net_days) for month in range(inputs.horizon + 1)]
        for month in range(1, inputs.horizon + 1):
            parts["working_capital"][month] -= sign * (tied_up[month] - tied_up[month - 1])
        if inputs.release_working_capital:
            parts["working_capital"][inputs.horizon] += sign * tied_up[-1]
    return [sum(parts[name][month] for name in names) for month in range(inputs.horizon + 1)], parts


def npv(flows, rate):
    """Sum of flow ÷ (1 + r)^(m/12), a month at a time."""
    total = Decimal(0)
    for month, flow in enumerate(flows):
        total += Decimal(flow) / (1 + Decimal(rate)) ** (Decimal(month) / Decimal(12))
    return _half_up(Fraction(total))


def payback(flows):
    """Try every month: the first from which no later cumulative flow is below zero."""
    if all(sum(flows[: m + 1]) >= 0 for m in range(len(flows))):
        return 0
    for month in range(len(flows)):
        if all(sum(flows[: later + 1]) >= 0 for later in range(month, len(flows))):
            return month
    return None
