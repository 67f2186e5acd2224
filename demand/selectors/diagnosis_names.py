"""Diagnosis codes without the point -> what ICD-10-CM calls them."""

import warnings
from collections.abc import Iterable


def diagnosis_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of those that are ICD-10-CM codes. The package reads its tables when it is first imported (2 seconds), so only a page
    that lists diagnoses imports it."""
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    with warnings.catch_warnings():  # it reads its tables in a way that a later Python warns of
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm

    return {code: simple_icd_10_cm.get_description(code) for code in wanted if simple_icd_10_cm.is_valid_item(code)}
