"""The library of public policies and the reference of laws: read once, they change only with the program."""

from dataclasses import dataclass
from functools import cache

from payers.engine.library import library
from payers.engine.state_laws import ReferenceLaw, reference_laws, touched
from payers.models import Policy, StateLaw


@cache
def library_documents() -> dict[str, dict]:
    return library()


@cache
def laws_of_reference() -> tuple[ReferenceLaw, ...]:
    return reference_laws()


@dataclass(frozen=True)
class LawOnFile:
    law: StateLaw
    policies: tuple[str, ...]


@dataclass(frozen=True)
class LawOfReference:
    law: ReferenceLaw
    policies: tuple[str, ...]
    on_file: bool


def laws_on_file() -> tuple[LawOnFile, ...]:
    documents = _documents()
    return tuple(
        LawOnFile(law, tuple(touched(law.state, law.shields_from, law.effective_from, law.effective_to, documents)))
        for law in StateLaw.objects.all()
    )


def laws_to_choose() -> tuple[LawOfReference, ...]:
    documents, known = _documents(), set(StateLaw.objects.values_list("state", "shields_from"))
    return tuple(
        LawOfReference(
            law,
            tuple(touched(law.state, law.shields_from, law.effective_from, None, documents)),
            (law.state, law.shields_from) in known,
        )
        for law in laws_of_reference()
    )


def _documents() -> list[dict]:
    return [policy.document for policy in Policy.objects.on_file() if policy.document.get("drugs")]
