"""Diagnosis codes without the point -> what ICD-10-CM calls them.

The package reads its tables when it is imported, two seconds long: the first list of a process starts that beside the answer and shows
the codes alone, the next ones have the names.
"""

import warnings
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from types import ModuleType


def diagnosis_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of those that are ICD-10-CM codes; none while the tables are being read."""
    wanted = {code for code in codes if code}
    if not wanted or not reading().done():
        return {}
    icd = reading().result()
    return {code: icd.get_description(code) for code in wanted if icd.is_valid_item(code)}


@cache
def reading() -> Future[ModuleType]:
    """The package, read once a process."""
    return ThreadPoolExecutor(1).submit(_read)


def _read() -> ModuleType:
    with warnings.catch_warnings():  # it reads its tables in a way that a later Python warns of
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm

        return simple_icd_10_cm
