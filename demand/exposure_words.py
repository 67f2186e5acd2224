"""Verdicts, clauses and reasons of exposure as people read them."""

from payers import words
from payers.engine.policy_words import CLAUSES, STATES

VERDICTS = {
    "exposed": "Exposed",
    "in_grace": "In grace",
    "exempt": "Exempt",
    "shielded": "Shielded by a state law",
    "unknown": "Cannot be told",
    "not_applicable": "Not covered by it, or at a permitted site",
    None: "Not named by it",
}


def verdict(code: str | None) -> str:
    return VERDICTS.get(code, str(code))


def clause(clause_id: str) -> str:
    """clinical_exceptions.REACTION -> Clinical exceptions: reaction to an infusion; law.TN.drug_source -> Law of Tennessee"""
    if clause_id in CLAUSES:
        return CLAUSES[clause_id]
    name, *parts = clause_id.split(".")
    if name == "law":
        return f"Law of {STATES.get(parts[0], parts[0])}" if parts else "State law"
    told = words.clause(name)
    if not parts or parts[0] == "miles":
        return told
    inner = words.value(name, parts[0])
    return f"{told}: {inner if inner != parts[0] else words.clause(parts[0])}"
