"""A policy's document and the drug reference -> the families that it names; grain: one policy.

A code or a molecule that the reference does not have names nothing (loading says so); a policy that names a family by its own
name, or by one molecule or code of it, names the family.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DrugNames:
    """What leads to a family: codes and lower-case names (molecules, families)."""

    by_code: Mapping[str, str]
    by_name: Mapping[str, str]

    @classmethod
    def of(cls, codes: Iterable[tuple[str, str, str]], families: Iterable[str]) -> "DrugNames":
        """`codes`: (hcpcs_code, molecule, family)."""
        listed = list(codes)
        names = {molecule.lower(): family for _, molecule, family in listed}
        return cls({code: family for code, _, family in listed}, names | {family.lower(): family for family in families})

    def of_document(self, document: Mapping) -> frozenset[str]:
        drugs = document.get("drugs") or {}
        found = {self.by_code.get(code) for code in drugs.get("hcpcs") or []}
        found |= {self.by_name.get(str(name).lower()) for key in ("molecules", "families") for name in drugs.get(key) or []}
        return frozenset(family for family in found if family)
