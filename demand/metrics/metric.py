"""What a definition page says of one figure."""

from dataclasses import dataclass
from pathlib import Path

import demand.engine

SQL_FOLDER = Path(demand.engine.__file__).parent / "sql"


@dataclass(frozen=True)
class Metric:
    """`parameters` are names of demand.engine.parameters.Parameters, `sql` names of stages, in the order they run."""

    slug: str
    title: str
    why: str
    what: str
    numerator: str
    denominator: str
    direction: str
    next_step: str
    limits: str
    parameters: tuple[str, ...] = ()
    sql: tuple[str, ...] = ()

    def sql_texts(self) -> list[tuple[str, str]]:
        paths = [SQL_FOLDER / f"{name}.sql" for name in self.sql]
        return [(path.name, path.read_text(encoding="utf-8")) for path in paths if path.exists()]
