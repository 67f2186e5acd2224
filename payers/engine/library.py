"""The shipped files of transcribed public policies -> their documents by id. A file that does not parse is a mistake of ours."""

from pathlib import Path

from payers.engine.policies import parse_policy
from sites.engine.text_file import read_text

SHIPPED = Path(__file__).resolve().parent.parent / "library"


def library(folder: Path = SHIPPED) -> dict[str, dict]:
    documents = [parse_policy(read_text(path), path.name) for path in sorted(folder.glob("*.yaml"))]
    return {document["id"]: document for document in documents}
