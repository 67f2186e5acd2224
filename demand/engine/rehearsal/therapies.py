"""Drug reference tables -> the menu of therapies that rehearsal people receive; grain: one `Therapy` a drug family.

Codes, units, families, intervals and minutes come from the project's own reference tables, so that the rehearsal cannot
disagree with them. What those tables do not hold, because nothing but a rehearsal needs it, is `RECIPES`: how common a family
is, the days of its first doses, vial sizes, a diagnosis, whether it can be given at home. Those are planning-grade guesses, not
facts about medicine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from payers.engine.average_sales_price import Limit, asp_on
from payers.engine.medicare_rules import shipped_rules
from payers.engine.reference_tables import shipped_tables


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a family is given. Weights: relative frequency among new courses under and over 65. Dose: per kg or fixed, in the
    code's measure."""

    younger: float
    older: float
    diagnosis: str
    per_kg: float = 0.0
    fixed: float = 0.0
    vial: float = 0.0
    first_days: tuple[int, ...] = (0,)
    administration: str = "chemo"  # chemo | therapeutic | injection | chemo_injection
    home: bool = False
    products: tuple[tuple[str, float], ...] = ()  # codes that succeed one another joined by +, and their share
    repeats_cycle: bool = False  # every cycle has all doses of first_days, not only the first
    first_share: float = 1.0  # of the usual dose, at the doses of the first days


RECIPES: Mapping[str, Recipe] = {
    "infliximab": Recipe(17, 6, "K5090", per_kg=5, vial=100, first_days=(0, 14, 42, 98), home=True,
                         products=(("J1745", 0.32), ("Q5103", 0.30), ("Q5104", 0.12), ("Q5121", 0.26))),
    "vedolizumab": Recipe(9, 4, "K5190", fixed=300, vial=300, first_days=(0, 14, 42, 98), administration="therapeutic", home=True),
    "ustekinumab": Recipe(3, 1, "K5090", fixed=390, vial=130, products=(("J3358", 1.0),), administration="therapeutic"),
    "risankizumab": Recipe(3, 1, "K5090", fixed=600, vial=600, first_days=(0, 28, 56), administration="therapeutic"),
    "mirikizumab": Recipe(1, 0.5, "K5190", fixed=300, vial=300, first_days=(0, 28, 56), administration="therapeutic"),
    "natalizumab": Recipe(3.5, 0.3, "G35", fixed=300, vial=300, administration="chemo"),
    "ocrelizumab": Recipe(7, 1, "G35", fixed=600, vial=300, first_days=(0, 14), first_share=0.5, home=True,
                          products=(("J2350", 1.0),)),
    "ublituximab": Recipe(1, 0.2, "G35", fixed=450, vial=150, first_days=(0, 14)),
    "eculizumab": Recipe(0.8, 0.6, "D593", fixed=900, vial=300, first_days=(0, 7, 14, 21, 28), home=True,
                         administration="therapeutic", products=(("J1300+J1299", 1.0),)),
    "ravulizumab": Recipe(1.5, 1.2, "G7000", fixed=3300, vial=300, first_days=(0, 14), administration="therapeutic", home=True),
    "efgartigimod alfa": Recipe(1.2, 1.6, "G7000", per_kg=10, vial=400, first_days=(0, 7, 14, 21), administration="therapeutic",
                                products=(("J9332", 1.0),), home=True, repeats_cycle=True),
    "inebilizumab": Recipe(0.4, 0.2, "G360", fixed=300, vial=100, first_days=(0, 14)),
    "immune globulin": Recipe(8, 6, "D830", per_kg=500, vial=5000, administration="therapeutic", home=True,
                              products=(("J1569", 0.35), ("J1561", 0.30), ("J1459", 0.25), ("J1568", 0.10))),
    "rituximab": Recipe(4, 4, "M0579", fixed=1000, vial=500, first_days=(0, 14), repeats_cycle=True,
                        products=(("J9312", 0.25), ("Q5115", 0.40), ("Q5119", 0.25), ("Q5123", 0.10))),
    "abatacept": Recipe(2.5, 3, "M0579", fixed=750, vial=250, first_days=(0, 14, 28, 56), administration="therapeutic", home=True),
    "tocilizumab": Recipe(2.5, 2, "M0579", per_kg=8, vial=80, home=True,
                          products=(("J3262", 0.8), ("Q5133", 0.1), ("Q5135", 0.1))),
    "golimumab": Recipe(2, 2, "M0579", per_kg=2, vial=50, first_days=(0, 28, 84), administration="therapeutic", home=True),
    "belimumab": Recipe(2, 0.5, "M329", per_kg=10, vial=120, first_days=(0, 14, 28, 56), administration="therapeutic", home=True),
    "anifrolumab": Recipe(1.2, 0.4, "M329", fixed=300, vial=300, administration="therapeutic"),
    "pegloticase": Recipe(0.5, 0.8, "M1A09X0", fixed=8, vial=8),
    "certolizumab pegol": Recipe(1.0, 1.5, "M0579", fixed=400, vial=400, first_days=(0, 14, 28, 56),
                                 administration="chemo_injection"),
    "secukinumab": Recipe(0.5, 0.3, "L4050", per_kg=1.75, vial=125, administration="therapeutic"),
    "teprotumumab": Recipe(0.8, 0.6, "E0500", per_kg=20, vial=500, administration="therapeutic", home=True),
    "omalizumab": Recipe(3, 2, "J4550", fixed=300, vial=150, administration="injection", products=(("J2357", 1.0),)),
    "mepolizumab": Recipe(1.5, 1, "J8283", fixed=100, vial=100, administration="injection"),
    "benralizumab": Recipe(1.5, 1, "J8283", fixed=30, vial=30, first_days=(0, 28, 56, 112), administration="injection"),
    "tezepelumab": Recipe(1, 0.8, "J4550", fixed=210, vial=210, administration="injection"),
    "denosumab": Recipe(3, 12, "M810", fixed=60, vial=60, administration="injection", products=(("J0897", 0.85), ("Q5136", 0.15))),
    "romosozumab": Recipe(0.6, 2, "M810", fixed=210, vial=210, administration="injection"),
    "zoledronic acid": Recipe(1.5, 5, "M810", fixed=5, vial=5, administration="therapeutic"),
    "lecanemab": Recipe(0.1, 3, "G309", per_kg=10, vial=200),
    "donanemab": Recipe(0.1, 1.5, "G309", fixed=1400, vial=350),
    "eptinezumab": Recipe(2.5, 0.5, "G43709", fixed=100, vial=100, administration="therapeutic", home=True),
    "patisiran": Recipe(0.1, 0.4, "E8582", per_kg=0.3, vial=10, administration="therapeutic", home=True),
    "alpha-1 proteinase inhibitor": Recipe(0.5, 0.5, "E8801", per_kg=60, vial=1000, administration="therapeutic", home=True,
                                           products=(("J0256", 0.7), ("J0257", 0.3))),
    "imiglucerase": Recipe(0.25, 0.05, "E7522", per_kg=60, vial=400, administration="therapeutic", home=True),
    "agalsidase beta": Recipe(0.3, 0.1, "E7521", per_kg=1, vial=5, administration="therapeutic", home=True),
    "burosumab": Recipe(0.2, 0.05, "E8331", per_kg=1, vial=10, administration="injection"),
    "ferric carboxymaltose": Recipe(9, 8, "D509", fixed=750, vial=750, first_days=(0, 7), administration="therapeutic"),
    "ferumoxytol": Recipe(3, 3, "D509", fixed=510, vial=510, first_days=(0, 5), administration="therapeutic",
                          products=(("Q0138", 1.0),)),
    "ferric derisomaltose": Recipe(2, 2, "D509", fixed=1000, vial=1000, administration="therapeutic"),
    "iron sucrose": Recipe(5, 5, "D509", fixed=200, vial=100, first_days=(0, 7, 14, 21, 28), administration="therapeutic"),
    "pembrolizumab": Recipe(2, 5, "C3490", fixed=200, vial=100),
    "nivolumab": Recipe(1, 2, "C439", fixed=480, vial=240, products=(("J9299", 1.0),)),
    "atezolizumab": Recipe(0.6, 1.2, "C3490", fixed=1200, vial=1200, products=(("J9022", 1.0),)),
}  # fmt: skip

# Self-injected forms for families whose reference row says there is one and whose packages the reference does not list.
# Labeler 99050 is nobody's: `drugs.csv` declares these packages so that `load_drugs` can teach them to the pipeline.
INVENTED_LABELER = "99050"


@dataclass(frozen=True, slots=True)
class Code:
    """A HCPCS code as dated in the reference: ordinals, half-open."""

    hcpcs: str
    molecule: str
    starts: int
    ends: int
    unit: float
    price_cents: float  # average sales price for one unit
    limit_cents: float  # Medicare's payment limit for one unit: that price and its add-on


@dataclass(frozen=True, slots=True)
class Product:
    """What one person is given: a molecule, under the codes that succeed one another, and the package a pharmacy would ship."""

    molecule: str
    share: float
    codes: tuple[Code, ...]
    ndc: str

    def code_on(self, day: int) -> Code | None:
        for code in self.codes:
            if code.starts <= day < code.ends:
                return code
        return None


@dataclass(frozen=True, slots=True)
class Therapy:
    """One drug family: how often, how much, for how long, by whom ordered."""

    family: str
    recipe: Recipe
    clinical_line: str
    interval: int
    induction_doses: int
    cycle_doses: int  # 0 where the regimen is not cyclic
    course_doses: int  # 0 where the course is open-ended
    planned_self_injection: bool
    self_form: bool
    measure: str
    infusion_minutes: int
    specialties: tuple[str, ...]
    products: tuple[Product, ...]
    self_ndc: str
    self_molecule: str

    @property
    def injected(self) -> bool:
        return self.recipe.administration in ("injection", "chemo_injection")


def _prices(limits: list[dict], units: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Average sales price and payment limit in cents per unit, of the newest limit: what the price list shows of the code."""
    published: dict[str, list[Limit]] = {}
    for row in limits:
        published.setdefault(row["hcpcs_code"], []).append(Limit(row["quarter_start"], row["payment_limit"]))
    rules, found = shipped_rules(), {}
    for code, rows in published.items():
        reference = rules.reference_of(code)
        ratio = Decimal(str(units[code] / units[reference])) if reference in units and code in units else Decimal(1)
        asp = asp_on(code, max(row.quarter_start for row in rows), published, rules, ratio)
        found[code] = float(asp.average_sales_price * 100), float(asp.limit * 100)
    return found


def _products(recipe: Recipe, codes: list[Code], ndcs: dict[str, str], number: int) -> tuple[Product, ...]:
    by_code: dict[str, list[Code]] = {}
    for code in codes:
        by_code.setdefault(code.hcpcs, []).append(code)
    wanted = recipe.products or ((_main_code(codes), 1.0),)
    made = []
    for position, (joined, share) in enumerate(wanted):
        chosen = tuple(code for hcpcs in joined.split("+") for code in by_code.get(hcpcs, []))
        if chosen:
            molecule = chosen[0].molecule
            ndc = ndcs.get(chosen[-1].hcpcs) or f"{INVENTED_LABELER}{number:04d}{position:02d}"
            made.append(Product(molecule, share, chosen, ndc))
    return tuple(made)


def _main_code(codes: list[Code]) -> str:
    """The code of the family that is open, not temporary (C…), and oldest."""
    lasting = [code for code in codes if not code.hcpcs.startswith("C")] or codes
    return min(lasting, key=lambda code: (-code.ends, code.starts)).hcpcs


def therapy_menu() -> tuple[Therapy, ...]:
    """Shipped reference tables -> therapies in the order of `RECIPES`; a family or code the tables do not hold is left out."""
    tables = {name: [row.values for row in table.rows] for name, table in shipped_tables().items()}
    families = {row["family"]: row for row in tables["drug_families"]}
    units = {row["hcpcs_code"]: row["unit_amount"] for row in tables["drug_codes"]}
    codes, measures = _codes(tables["drug_codes"], _prices(tables["asp_limits"], units))
    shipped: dict[str, str] = {}
    injected: dict[str, tuple[str, str]] = {}
    for row in sorted(tables["ndcs"], key=lambda row: row["ndc_code"]):
        if row["self_administered"]:
            injected.setdefault(row["family"], (row["ndc_code"], row["molecule"]))
        else:
            shipped.setdefault(row["hcpcs_code"], row["ndc_code"])
    menu = []
    for number, (family, recipe) in enumerate(RECIPES.items(), start=1):
        products = _products(recipe, codes[family], shipped, number) if family in families and family in codes else ()
        if products:
            self_package = injected.get(family) or (f"{INVENTED_LABELER}{number:04d}99", products[0].molecule)
            menu.append(_therapy(families[family], recipe, products, measures[family], self_package))
    return tuple(menu)


def _codes(rows: list[dict], prices: dict[str, tuple[float, float]]) -> tuple[dict[str, list[Code]], dict[str, str]]:
    """(codes by family, the family's unit of measure)."""
    codes: dict[str, list[Code]] = {}
    for row in rows:
        starts = row["effective_from"].toordinal()
        ends = (row["effective_to"] or dt.date.max).toordinal()
        price, limit = prices.get(row["hcpcs_code"], (0.0, 0.0))
        codes.setdefault(row["family"], []).append(
            Code(row["hcpcs_code"], row["molecule"], starts, ends, row["unit_amount"], price, limit)
        )
    return codes, {row["family"]: row["unit_of_measure"] for row in rows}


def _therapy(row: dict, recipe: Recipe, products: tuple[Product, ...], measure: str, self_package: tuple[str, str]) -> Therapy:
    typical = (recipe.fixed or recipe.per_kg * 80) or 1.0
    return Therapy(
        family=row["family"],
        recipe=recipe,
        clinical_line=row["clinical_line"],
        interval=row["interval_days"],
        induction_doses=row["induction_doses"] or 0,
        cycle_doses=(row["cycle_doses"] or 0) if row["cyclic"] else 0,
        course_doses=(row["course_doses"] or 0) if row["finite_course"] else 0,
        planned_self_injection=row["planned_self_injection"],
        self_form=row["self_administered_family_form"],
        measure=measure,
        infusion_minutes=row["infusion_minutes"] or 60,
        specialties=tuple(part.strip() for part in row["specialties"].split(";") if part.strip()),
        products=tuple(_with_prices(product, typical, recipe) for product in products),
        self_ndc=self_package[0],
        self_molecule=self_package[1],
    )


def _with_prices(product: Product, typical: float, recipe: Recipe) -> Product:
    """Codes without a published limit borrow a sister's price per milligram, else 3,000 dollars a dose (an injection: 1,500)."""
    known = [code.price_cents / code.unit for code in product.codes if code.price_cents > 0]
    per_measure = known[0] if known else (150_000 if "injection" in recipe.administration else 300_000) / typical
    codes = tuple(
        code
        if code.price_cents > 0
        else Code(
            code.hcpcs, code.molecule, code.starts, code.ends, code.unit, per_measure * code.unit, per_measure * code.unit * 1.06
        )
        for code in product.codes
    )
    return Product(product.molecule, product.share, codes, product.ndc)
