"""A layout that somebody described -> the columns we read. Grain: one rule per column of ours; what has no rule stays blank.

A mapping says how a file is read (encoding, delimiter, sheet) and, for each column of a kind, where its text comes from: one
source column or several joined, a constant, or a number that is built. Values may be translated, dates and amounts respelled.
With `repeat` one row of the file holds several lines (HCPCS_CD_1 … HCPCS_CD_45): "{n}" in a source's name counts them.
A mapping belongs to one header: a header that changed does not fit it any more.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from demand.engine.columns import KINDS, plain
from demand.engine.encodings import ENCODINGS
from demand.engine.header import DELIMITERS

FORMAT = "infusion-strategy-mapping/1"
MOST_REPEATS = 200
MOST_VALUES = 2_000  # translations of one mapping
# How a layout writes its dates: what people call it, and the pattern that reads it. The first is what claims files should have.
DATE_FORMS = {
    "YYYY-MM-DD": "",
    "MM/DD/YYYY": "%m/%d/%Y",
    "MM/DD/YY": "%m/%d/%y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "YYYYMMDD": "%Y%m%d",
    "MMDDYYYY": "%m%d%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "MM-DD-YYYY": "%m-%d-%Y",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD-Mon-YYYY": "%d-%b-%Y",
    "DDMonYYYY": "%d%b%Y",
    "YYYY-MM-DD and a time": "time",
}
NUMBER_FORMS = {"1234.50": "", "$1,234.50 or (1,234.50)": "us", "1.234,50": "comma"}
# What tells a claim's lines apart and stays when a line is restated: not its money, its units, or when it was paid.
IDENTITY = (
    "person_id", "claim_start_date", "claim_line_start_date", "revenue_center_code", "hcpcs_code",
    *(f"hcpcs_modifier_{n}" for n in range(1, 6)), "dispensing_date", "ndc_code",
)  # fmt: skip
VERSION = ("paid_date", "file_date")
BUILT = {
    "line_number": "A number told from the line itself: its code, dates and the like",
    "repeat_number": "The number of the repeated column",
}


def is_date(column: str) -> bool:
    return column.endswith("_date")


def is_number(column: str) -> bool:
    return column.endswith(("_amount", "quantity", "days_supply"))


class MappingError(ValueError):
    """A mapping that cannot work; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class ReadAs:
    """How a file is to be read; what is empty is found out: UTF-8, the delimiter of the header, the only sheet."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Rule:
    """Where one column comes from: `sources` (joined by `joined_by`), or `constant`, or `built`.

    `values` translates what is written, "" stands for a blank; what is not in it is kept, or blank where `others` says so.
    """

    sources: tuple[str, ...] = ()
    joined_by: str = ""
    constant: str = ""
    built: str = ""
    values: tuple[tuple[str, str], ...] = ()
    others: str = "keep"
    date_form: str = ""
    number_form: str = ""

    @property
    def repeats(self) -> bool:
        return any("{n}" in source for source in self.sources)

    def as_json(self) -> dict:
        told = {
            "from": list(self.sources), "joined_by": self.joined_by, "constant": self.constant, "built": self.built,
            "values": dict(self.values), "others": self.others if self.values and self.others != "keep" else "",
            "date_form": self.date_form, "number_form": self.number_form,
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Mapping:
    """`header`: the column names it was made for. `rules`: by column of ours, in the order of the kind."""

    kind: str
    header: tuple[str, ...]
    rules: dict[str, Rule]
    read_as: ReadAs = field(default_factory=ReadAs)
    repeat: int = 0
    name: str = ""
    version: int = 0

    def as_json(self) -> dict:
        return {
            "format": FORMAT, "name": self.name, "version": self.version, "kind": self.kind,
            "read_as": {name: value for name, value in vars(self.read_as).items() if value},
            "header": list(self.header), "repeat": self.repeat,
            "columns": {column: rule.as_json() for column, rule in self.rules.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: object) -> Mapping:
        """MappingError says in one sentence what is wrong with it."""
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise MappingError(f"This is no column mapping: a mapping is a JSON object whose “format” is “{FORMAT}”.")
        kind, version, name = told.get("kind"), told.get("version", 0), told.get("name", "")
        if not isinstance(kind, str) or kind not in KINDS:
            raise MappingError(f"The mapping's kind must be one of {', '.join(KINDS)}.")
        header, columns, read_as = told.get("header"), told.get("columns"), told.get("read_as", {})
        if not _texts(header) or not isinstance(columns, dict) or not isinstance(read_as, dict):
            raise MappingError("The mapping needs “header” (a list of column names) and “columns” (an object of rules).")
        unknown = set(read_as) - {"encoding", "delimiter", "sheet"}
        if unknown or not all(isinstance(value, str) for value in read_as.values()):
            raise MappingError("“read_as” takes encoding, delimiter and sheet, each a text.")
        repeat = told.get("repeat", 0)
        if not isinstance(repeat, int) or isinstance(repeat, bool):
            raise MappingError("“repeat” is a whole number: how often the numbered columns stand on a row.")
        if not isinstance(name, str) or not isinstance(version, int) or isinstance(version, bool) or not 0 <= version < 1_000_000:
            raise MappingError("The mapping's name is a text and its version a whole number.")
        rules = {str(column): _rule(str(column), rule) for column, rule in columns.items()}
        order = {column: place for place, column in enumerate(KINDS[kind].columns)}
        mapping = cls(
            kind=kind, header=tuple(header), rules=dict(sorted(rules.items(), key=lambda item: order.get(item[0], -1))),
            read_as=ReadAs(**read_as), repeat=repeat, name=name, version=version,
        )  # fmt: skip
        mapping.check()
        return mapping

    def check(self) -> None:
        """MappingError where a rule names what does not exist, or a needed column has none."""
        kind = KINDS[self.kind]
        if any(not _is_plain(text) for text in self._texts()):
            raise MappingError("A mapping's texts may hold no control characters and no broken ones: type them anew.")
        if sum(len(rule.values) for rule in self.rules.values()) > MOST_VALUES:
            raise MappingError(f"A mapping translates at most {MOST_VALUES:,} values: leave out those that stay as they are.")
        names = [plain(name) for name in self.header if name.strip()]
        if twice := [name for name in names if names.count(name) > 1]:
            raise MappingError(f"The header names “{twice[0]}” twice, so it is not clear which column is meant.")
        if stray := sorted(set(self.rules) - set(kind.columns)):
            raise MappingError(f"A file of {kind.title} has no column {stray[0]}: leave it out.")
        if missing := [column for column in kind.needed if column not in self.rules]:
            raise MappingError(
                f"Say where {_listed(missing)} {'comes' if len(missing) == 1 else 'come'} from: every file of {kind.title} needs it."
            )
        if self.read_as.encoding and self.read_as.encoding not in ENCODINGS:
            raise MappingError(f"The encoding must be one of {', '.join(ENCODINGS)}.")
        if self.read_as.delimiter and self.read_as.delimiter not in DELIMITERS:
            raise MappingError("The delimiter must be a comma, a tab, a semicolon or a pipe.")
        if self.repeat and not 2 <= self.repeat <= MOST_REPEATS:
            raise MappingError(f"A row may repeat its numbered columns 2 to {MOST_REPEATS} times.")
        known = {plain(name) for name in self.header}
        for column, rule in self.rules.items():
            _check_rule(column, rule, known, self.repeat)
        people = {plain(source) for source in self.rules["person_id"].sources}
        for column, rule in self.rules.items():
            if column != "person_id" and people & {plain(source) for source in rule.sources}:
                raise MappingError(
                    f"{column} cannot come from the column that tells the person: that one becomes a pseudonym. Choose another."
                )
        if self.rules["person_id"].values:
            raise MappingError("The values of person_id cannot be translated: they would stand in the mapping.")
        units = self.rules.get("service_unit_quantity")
        if self.repeat and units and units.sources and not units.repeats:
            raise MappingError(
                "The units of a whole row would count on each of its lines: choose the numbered column of units, or nothing."
            )
        if self.repeat and self.rules["claim_line_number"].built == "line_number":
            raise MappingError("Lines that repeat on a row are numbered by the repeated column: choose that for claim_line_number.")
        if self.repeat and not any(rule.repeats for rule in self.rules.values()):
            raise MappingError("The mapping repeats, but no column's source holds {n}: name one, for example HCPCS_CD_{n}.")

    def _texts(self) -> list[str]:
        texts = [self.name, *self.header, *vars(self.read_as).values()]
        for rule in self.rules.values():
            texts += [*rule.sources, rule.joined_by, rule.constant, *(text for pair in rule.values for text in pair)]
        return [text for text in texts if text != "\t"]  # a delimiter

    def fits(self, names: Sequence[str]) -> bool:
        """Whether a file's header is the one this mapping was made for (order, letter case and blanks do not count)."""
        return fingerprint(names) == fingerprint(self.header)

    @property
    def row_factor(self) -> int:
        """Each line of a row needs a number of its own: the row's, and behind it two or three digits for the place on it."""
        return 100 if self.repeat < 100 else 1_000

    def source_names(self) -> tuple[str, ...]:
        """Every source column it reads, {n} counted out, each once."""
        named = [name for rule in self.rules.values() for source in rule.sources for name in _counted(source, self.repeat)]
        return tuple(dict.fromkeys(plain(name) for name in named))

    def select(self, relation: str, place_of: dict[str, str]) -> str:
        """SQL: one line per line of the file. `relation` has the source columns (names by `place_of`), physical_line, given_reject."""
        line = _Expressions(place_of)
        fixed = {column: line.of(column, rule) for column, rule in self.rules.items() if not rule.repeats and not rule.built}
        if self.repeat:
            relation, fixed = self._repeated(relation, fixed, place_of)
        columns = KINDS[self.kind].columns
        parts = ", ".join(f"{fixed.get(column, 'NULL::VARCHAR')} AS {column}" for column in columns)
        place = f"physical_line * {self.row_factor} + one.n AS physical_line, given_reject, physical_line AS row_of_file, one.n AS place_of_line"
        lines = f"SELECT {parts}, {place if self.repeat else 'physical_line, given_reject'} FROM ({relation})"
        built = self.rules["claim_line_number"].built if "claim_line_number" in self.rules else ""
        if built == "line_number":
            lines = f"SELECT * REPLACE ({_number_by_content(columns)} AS claim_line_number) FROM ({lines}) ORDER BY physical_line"
        elif built == "repeat_number":
            row = "dense_rank() OVER (PARTITION BY claim_id ORDER BY claim_start_date, row_of_file)"
            number = f"CAST(({row} - 1) * {self.repeat} + place_of_line AS VARCHAR)"
            lines = f"SELECT * REPLACE ({number} AS claim_line_number) FROM ({lines}) ORDER BY physical_line"
        return f"SELECT * EXCLUDE (row_of_file, place_of_line) FROM ({lines})" if self.repeat else lines

    def _repeated(self, relation: str, fixed: dict[str, str], place_of: dict[str, str]) -> tuple[str, dict[str, str]]:
        """The relation with one row per filled repeat (`one.n`, `one.<column>`), at least one; a claim's amounts are split over them."""
        repeated = {column: rule for column, rule in self.rules.items() if rule.repeats}
        entries = []
        for n in range(1, self.repeat + 1):
            line = _Expressions(place_of, n)
            cells = ", ".join(f"'{column}': {line.of(column, rule)}" for column, rule in repeated.items())
            entries.append(f"{{'n': {n}, {cells}}}")
        # What is not blank says that a place is used; an amount of 0.00 stands in unused places too.
        used = " OR ".join(f"({_says_something(column)})" for column in repeated)
        every = f"SELECT *, [{', '.join(entries)}] AS every_one FROM ({relation})"
        filled = f"SELECT * EXCLUDE (every_one), list_filter(every_one, lambda x: {used}) AS filled, every_one[1] AS first_one FROM ({every})"
        lines = (
            "SELECT * EXCLUDE (filled, first_one), greatest(1, len(filled)) AS lines_of_row, "
            "unnest(CASE WHEN len(filled) = 0 THEN [first_one] ELSE filled END) AS one, "
            f"unnest(range(1, greatest(1, len(filled)) + 1)) AS place_of_line FROM ({filled})"
        )
        cells = {column: f"one.{column}" for column in repeated}
        for column, text in fixed.items():
            cells[column] = _share(text) if column.endswith("_amount") else text
        return lines, cells


def _says_something(column: str) -> str:
    if is_number(column):
        return f"x.{column} IS NOT NULL AND NOT regexp_full_match(x.{column}, '[-+$ ]*0*[.,]?0*')"
    return f"x.{column} IS NOT NULL"


def _number_by_content(columns: Sequence[str]) -> str:
    """SQL of a number that a line keeps wherever and whenever it comes again, from what tells it apart from the claim's other lines.

    Lines that are alike in all of that, and came at the same time, are counted on: two such lines of different money are two lines.
    The same line paid or filed on another day is a version of it and keeps its number; equal rows share one and are duplicates.
    """
    identity = [column for column in IDENTITY if column in columns]
    version = [column for column in VERSION if column in columns]
    rest = [column for column in columns if column not in {*identity, *version, "claim_id", "claim_line_number"}]
    alike = ", ".join(["claim_id", *identity])
    count = f"dense_rank() OVER (PARTITION BY {alike}, {', '.join(version)} ORDER BY {', '.join(rest)})"
    told = "concat_ws(chr(31), " + ", ".join(f"coalesce({column}, '')" for column in identity) + f", {count})"
    return f"CAST(1 + md5_number_lower({told}) % 999999999 AS VARCHAR)"


def fingerprint(names: Sequence[str]) -> str:
    """Equal for headers of the same names, whatever their order, letter case and blanks."""
    return hashlib.sha256("\n".join(sorted(plain(name) for name in names)).encode()).hexdigest()


def as_text(mapping: Mapping) -> str:
    """The file that is exported and that `load_extract --mapping` takes."""
    return json.dumps(mapping.as_json(), indent=2, ensure_ascii=False) + "\n"


def from_text(text: str) -> Mapping:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise MappingError("This is no JSON file: export a mapping from the page Mappings, or correct it.") from None
    return Mapping.from_json(told)


def _listed(columns: Sequence[str]) -> str:
    return columns[0] if len(columns) == 1 else f"{', '.join(columns[:-1])} and {columns[-1]}"


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _rule(column: str, told: object) -> Rule:
    taken = {"from", "joined_by", "constant", "built", "values", "others", "date_form", "number_form"}
    if not isinstance(told, dict) or set(told) - taken:
        raise MappingError(f"The rule of {column} takes only {', '.join(sorted(taken))}.")
    sources, values = told.get("from", []), told.get("values", {})
    if isinstance(sources, str):
        sources = [sources]
    texts = [told.get(name, "") for name in taken - {"from", "values"}]
    if (
        not isinstance(sources, list)
        or not isinstance(values, dict)
        or not all(isinstance(text, str) for text in (*sources, *texts))
    ):
        raise MappingError(f"In the rule of {column}, “from” is a list of names, “values” an object, all else a text.")
    if not all(isinstance(value, str) for value in values.values()):
        raise MappingError(f"In the rule of {column}, each value is translated into a text.")
    return Rule(
        sources=tuple(sources), joined_by=told.get("joined_by", ""), constant=told.get("constant", ""), built=told.get("built", ""),
        values=tuple(values.items()), others=told.get("others", "") or "keep", date_form=told.get("date_form", ""),
        number_form=told.get("number_form", ""),
    )  # fmt: skip


def _check_rule(column: str, rule: Rule, known: set[str], repeat: int) -> None:
    if sum(map(bool, (rule.sources, rule.constant, rule.built))) != 1:
        raise MappingError(f"Say for {column} one thing: the column it comes from, a constant, or what it is built from.")
    if rule.built and (rule.built not in BUILT or column != "claim_line_number"):
        raise MappingError("Only claim_line_number can be built: as the number within the claim, or of the repeated column.")
    if rule.built == "repeat_number" and not repeat:
        raise MappingError("A line number of the repeated column needs columns that repeat.")
    if rule.repeats and not repeat:
        raise MappingError(f"The source of {column} holds {{n}}: say how often the numbered columns repeat.")
    for source in rule.sources:
        absent = [name for name in _counted(source, repeat) if plain(name) not in known]
        if absent:
            raise MappingError(f"The file has no column “{absent[0]}”, from which {column} should come: choose another.")
    if rule.others not in ("keep", "blank"):
        raise MappingError(f"What is not translated in {column} is kept (“keep”) or left blank (“blank”).")
    if rule.date_form and (rule.date_form not in DATE_FORMS or not is_date(column)):
        raise MappingError(f"The dates of {column} can be written as {', '.join(DATE_FORMS)}; only dates have such a form.")
    if rule.number_form and (rule.number_form not in NUMBER_FORMS or not is_number(column)):
        raise MappingError(
            f"The numbers of {column} can be written as {'; '.join(NUMBER_FORMS)}; only amounts and quantities have such a form."
        )


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _counted(source: str, repeat: int) -> list[str]:
    return [source.replace("{n}", str(n)) for n in range(1, repeat + 1)] if "{n}" in source else [source]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class _Expressions:
    """SQL for the text of a column; `n` counts the repeat."""

    place_of: dict[str, str]
    n: int = 0

    def of(self, column: str, rule: Rule) -> str:
        text = quoted(rule.constant) + "::VARCHAR" if rule.constant else self._joined(rule)
        if rule.values:
            text = _translated(text, rule)
        if pattern := DATE_FORMS.get(rule.date_form):
            text = _respelled_date(text, pattern)
        if form := NUMBER_FORMS.get(rule.number_form):
            text = _respelled_number(text, form)
        return text

    def _joined(self, rule: Rule) -> str:
        cells = [self.place_of[plain(source.replace("{n}", str(self.n)))] for source in rule.sources]
        if len(cells) == 1:
            return cells[0]
        return f"nullif(concat_ws({quoted(rule.joined_by)}, {', '.join(cells)}), '')"


def _translated(text: str, rule: Rule) -> str:
    pairs = ", ".join(f"{quoted(written)}: {quoted(meant)}" for written, meant in rule.values)
    known = f"MAP {{{pairs}}}"
    rest = f"nullif({text}, '')" if rule.others == "keep" else "NULL"
    written = f"coalesce({text}, '')"
    return f"CASE WHEN map_contains({known}, {written}) THEN nullif({known}[{written}], '') ELSE {rest} END"


def _respelled_date(text: str, pattern: str) -> str:
    """What is no date of this form stays as it is written, so that the row rule finds and shows it."""
    if pattern == "time":
        return f"CASE WHEN regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T][0-9:.]+(Z|[+-][0-9:]+)?') THEN left({text}, 10) ELSE {text} END"
    day = f"regexp_replace({text}, '[ T]+(0?0:00(:00)?([.]0+)?|12:00(:00)? ?[aA][mM])$', '')"
    return f"CASE WHEN regexp_full_match({day}, '{shape_of(pattern)}') THEN coalesce(strftime(try_strptime({day}, '{pattern}'), '%Y-%m-%d'), {text}) ELSE {text} END"


def shape_of(pattern: str) -> str:
    """The pattern of a date form as a regular expression: what only looks like it (a year of two digits) is not read as it."""
    digits = "[0-9]{1,2}" if re.search("[-/.]", pattern) else "[0-9]{2}"
    parts = {"%m": digits, "%d": digits, "%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%b": "[A-Za-z]{3}", ".": "[.]"}
    return re.sub(r"%[mdYyb]|[.]", lambda found: parts[found[0]], pattern)


def _respelled_number(text: str, form: str) -> str:
    if form == "comma":
        return f"CASE WHEN regexp_full_match({text}, '-?[0-9]{{1,3}}([.]?[0-9]{{3}})*(,[0-9]+)?') THEN replace(replace({text}, '.', ''), ',', '.') ELSE {text} END"
    bare = f"regexp_replace({text}, '[$, ]', '', 'g')"
    shape = "-?[$]? ?-?[0-9]{1,3}(,?[0-9]{3})*([.][0-9]*)?"
    return (
        f"CASE WHEN regexp_full_match({text}, '{shape}') THEN {bare} "
        f"WHEN regexp_full_match({text}, '[(][$]? ?[0-9]{{1,3}}(,?[0-9]{{3}})*([.][0-9]*)?[)]') THEN '-' || regexp_replace({text}, '[$, ()]', '', 'g') "
        f"ELSE {text} END"
    )


def _share(text: str) -> str:
    """A claim's amount -> this line's equal share in cents; the first lines carry the rest, so that the cents add up."""
    cents = f"CAST(round(CAST({text} AS DECIMAL(18, 4)) * 100) AS BIGINT)"
    share = f"({cents} // lines_of_row + CASE WHEN place_of_line <= abs({cents} % lines_of_row) THEN sign({cents}) ELSE 0 END)"
    amount = f"CAST(CAST({share} AS DECIMAL(16, 0)) * 0.01 AS DECIMAL(18, 2))"
    return f"CASE WHEN lines_of_row > 1 AND is_number({text}) THEN CAST({amount} AS VARCHAR) ELSE {text} END"
