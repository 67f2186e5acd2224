"""The drugs that a policy's form offers: families, molecules and codes of the reference, each with its label."""

from collections.abc import Iterable

from payers.models import DrugCode, DrugFamily


def drug_labels() -> dict[str, str]:
    """Value of the field -> its label: whole families first, then molecules, then single codes."""
    codes = list(DrugCode.objects.order_by("hcpcs_code").values_list("hcpcs_code", "molecule", "brand"))
    families = DrugFamily.objects.values_list("family", flat=True)
    return {
        **{f"families:{family}": f"{family}, the whole family" for family in families},
        **{f"molecules:{molecule}": f"{molecule}, every code" for molecule in sorted({molecule for _, molecule, _ in codes})},
        **{f"hcpcs:{code}": f"{code} {molecule}{f' ({brand})' if brand else ''}" for code, molecule, brand in codes},
    }


def unknown_drug(value: str) -> str:
    return f"{value.partition(':')[2]}, not in the drug reference"


def labelled(values: Iterable[str]) -> list[tuple[str, str]]:
    """Values of the field with their labels; what the reference does not have is left out."""
    known = drug_labels()
    return [(value, known[value]) for value in dict.fromkeys(values) if value in known]


def found_drugs(search: str, without: Iterable[str] = (), most: int = 40) -> list[tuple[str, str]]:
    """Families, molecules and codes whose name, brand or code has every word of the search."""
    parts = search.lower().split()
    if not parts:
        return []
    brands: dict[str, list[str]] = {}
    for family, brand in DrugCode.objects.values_list("family", "brand"):
        brands.setdefault(family, []).append(brand)
    texts: Iterable[tuple[str, str, str]] = (
        (value, label, f"{label} {' '.join(brands.get(value.partition(':')[2], []))}".lower())
        for value, label in drug_labels().items()
    )
    left = set(without)
    return [(value, label) for value, label, text in texts if value not in left and all(part in text for part in parts)][:most]
