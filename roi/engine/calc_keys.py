"""What every key of a `roi_calc` file means; the help text prints it, and a key that is not here is refused."""

KEYS = {
    "name": "what the case is called; repeated in the result",
    "money": 'unit of all amounts: "cents" (default) or "dollars"; results are always in cents',
    "rate": "annual discount rate, 0.08 is 8 % (needed)",
    "horizon": "months of operation looked at, default 60; outlays are at month 0",
    "opens": "month in which the new site first infuses, 1 or later, default 1",
    "ramp": "share of full volume by month since opening, the last one holds: [0.2, 0.5, 1]; "
    "or the number of months in which it grows evenly to full: 6; default at once",
    "patients": "patients at the hospital today (needed): a number, a number by month, or a list of groups, each an object with "
    "its name (or id), patients (1 unless given) and any of the keys marked *, which else are taken from the top",
    "infusions_per_patient_month": "* infusions of a patient in a month, by month (needed)",
    "leave_month": "* first month in which the patients are gone if nothing is done, null: they stay (default); "
    "or a list with one entry for each patient: [1, 13, null]",
    "capture": "* share of the patients that comes to the new site, default 1; a number, a list with one for each patient, or "
    '{"would_leave": 0.6, "would_stay": 0.1}',
    "recapture": "* share that comes of those who had left before the site opened, default their capture",
    "moves": 'when those who would leave move: "when_leaving" (default: in their leave month, or when the site opens if later) or '
    '"at_opening"; those who would stay move when it opens',
    "margins": "* what an infusion leaves: {hospital, site, new, hospital_340b, site_340b}; 340B apart, new as at the site unless "
    "given. Each by month, or for hospital, site and new an object {allowed, acquisition, denials, waste, administration, "
    "white_bag_share, benefit_340b}: margin = administration + (1 − white_bag_share) × (allowed − acquisition − denials − waste)",
    "purchases": "* net drug purchases of an infusion by month, for working capital: {hospital, site, new}; default the "
    "acquisition (less its 340B benefit) where a margin is given as an object, else 0",
    "new_patients": "patients the site wins who are with us in neither baseline: a number at full volume, or by month",
    "opex": "running costs: an amount for every month from opening on, a list by month, or an object of named ones, each such an "
    'amount or list or {"per_month": …, "per_infusion": …}',
    "outlays": "money spent once: an amount at month 0, a list of amounts for months 0, 1, 2 …, an object of named amounts, or a "
    'list of {"name": …, "amount": …, "month": 0}',
    "days": "days that money is tied up in drugs: a number, or {receivable, stock, supplier}; default 0",
    "release_working_capital": "true: released in the last month; default false",
    "chairs": "chairs of the new site; default as many as needed",
    "chair_minutes": "* minutes an infusion takes a chair",
    "open_hours_per_month": "hours a month the site is open; or open_hours_per_week (× 52 ÷ 12)",
    "open_hours_per_week": "see open_hours_per_month",
    "target_use": "share of the open hours a chair can be used, default 0.75",
    "sources": 'where inputs come from, by key: {"rate": {"mark": "measured | borrowed | guessed", "source": …, "as_of": …}}',
}
