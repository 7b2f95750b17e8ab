"""Candidates as a spreadsheet, and the verdicts that somebody wrote into it: a CSV file or an Excel workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from siyu.ask.candidate_verdicts import Verdict
from siyu.ask.candidates import Candidate, CandidateList, latest_verdicts, standing_rows
from siyu.ask.candidates_text import named_codes, who
from siyu.ask.journey_words import count
from siyu.ask.list_files import Table
from siyu.ask.lookup import Lookup, current_release
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, FileRejected, SiyuError, WrongQuestion, nearest, raise_all
from siyu.landing.readers import read
from siyu.landing.readers.encodings import guessed_encoding
from siyu.seeds.channels import Export
from siyu.settings import Settings

HEADER = (
    "candidate_id 候选编号", "number 序号", "entity 类型", "score 分数", "left 甲", "right 乙", "for 支持",
    "against 反对", "records 记录数", "deals 商机与订单数", "KPIs 影响指标", "verdict 裁定", "note 备注",
)  # fmt: skip
WIDTHS = (15, 8, 10, 8, 45, 45, 45, 45, 10, 10, 40, 12, 30)
NEEDED = {"candidate_id": HEADER[0], "verdict": HEADER[11], "note": HEADER[12]}
WORDS = {
    "accept": "accept", "refuse": "refuse", "unsure": "unsure", "接受": "accept", "拒绝": "refuse", "不确定": "unsure",
    "y": "accept", "n": "refuse", "?": "unsure", "yes": "accept", "no": "refuse", "是": "accept", "否": "refuse",
    "？": "unsure",
}  # fmt: skip
DELIMITERS = (",", ";", "\t")
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class FilledIn:
    """What a file says: verdicts to give, and how many rows have none, or one that was given before."""

    verdicts: tuple[Verdict, ...]
    empty: int
    known: int


def table_of_candidates(found: CandidateList) -> Table:
    """Return a list of candidates as the content of a file, with empty columns for the verdict."""
    about = (
        ("list 名单", "candidates 疑似重复"), ("as of 业务日期", found.as_of), ("release 版本", found.release),
        ("rows 行数", len(found.candidates)),
        ("verdict 裁定", "accept 接受, refuse 拒绝, unsure 不确定; or y, n, ?; empty 空 = no verdict"),
        ("read it back 回收", "siyu candidates --read FILE"),
    )  # fmt: skip
    return Table("candidates", HEADER, WIDTHS, (_row(found, one) for one in found.candidates), about)


def _row(found: CandidateList, one: Candidate) -> list[Any]:
    left, right = (who(one.entity, side) for side in one.sides)
    told = [" / ".join(filter(None, (one.told[name], one.told[f"{name}_zh"]))) for name in ("text_for", "text_against")]
    return [
        one.candidate_id, one.number, one.entity, one.score, left, right, *told,
        one.record_count, one.deal_count,
        ", ".join(named_codes(one.kpis, found.kpis)), "", "",
    ]  # fmt: skip


def filled_in(settings: Settings, path: Path) -> FilledIn:
    """Return the verdicts in a file.

    Raises ConfigError with all wrong rows: an unknown candidate or verdict, a candidate that stands there twice, or
    one about which somebody decided otherwise since.
    """
    with current_release(settings) as lookup:
        rows = list(_rows(settings, path))
        known = _known(lookup)
        verdicts: list[Verdict] = []
        errors: list[SiyuError] = []
        first: dict[str, int] = {}
        empty = given = 0
        for number, key, word, note in rows:
            if not word:
                empty += 1
                continue
            place = f"{path}, row {number}"
            verdict = WORDS.get(word.lower())
            problems = list(_problems(lookup, place, key, word, known))
            if key and first.setdefault(key, number) != number:
                problems.append(WrongQuestion(f"{key} is already in row {first[key]}", place, "remove one row."))
            errors += problems
            if not problems and verdict is not None:
                if known[key].verdict == verdict:
                    given += 1
                else:
                    verdicts.append(Verdict(key, verdict, note, place))
        raise_all(errors)
        return FilledIn(tuple(verdicts), empty, given)


@dataclass(frozen=True)
class _Known:
    """A candidate of the release or of candidate_decisions.csv: the verdict that it has, and who gave it."""

    verdict: str | None
    said: str
    is_decided: bool


def _known(lookup: Lookup) -> dict[str, _Known]:
    found = {
        key: _Known(row["verdict"], f"{row['verdict']}, {row['decided_at']} by {row['decided_by']}", True)
        for key, row in latest_verdicts(lookup).items()
    }
    for row in standing_rows(lookup):
        key, rule = row["candidate_id"], row["rule"]
        if rule is not None:
            verdict = "accept" if rule["decision"].strip().lower() == "link" else "refuse"
            found[key] = _Known(verdict, f"{verdict}, {rule['decided_at']} by {rule['decided_by']}", True)
        else:
            is_unsure = key in found and found[key].verdict == "unsure"
            found[key] = _Known("unsure" if is_unsure else None, "", False)
    return found


def _problems(lookup: Lookup, place: str, key: str, word: str, known: dict[str, _Known]) -> Iterator[ConfigError]:
    verdict = WORDS.get(word.lower())
    if verdict is None:
        fix = nearest(word.lower(), [name for name in WORDS if len(name) > 1]) or "write accept, refuse or unsure."
        yield WrongQuestion(f"{word!r} is not a verdict", place, fix)
    if not key:
        yield WrongQuestion("the row has a verdict and no candidate_id", place, "write its ID (K…), or remove the row.")
    elif key not in known:
        fix = f"the release {lookup.release.name} has no such candidate: siyu candidates --csv writes a new file."
        yield WrongQuestion(f"there is no candidate {key!r}", place, fix)
    elif verdict is not None and known[key].is_decided and known[key].verdict != verdict:
        fix = "empty the verdict of the row; siyu link and siyu unlink with --again replace a decision."
        yield WrongQuestion(f"{key} was decided already: {known[key].said}", place, fix)


def _rows(settings: Settings, path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield row number, candidate_id, verdict and note of the rows that are not blank."""
    if not path.is_file():
        raise WrongQuestion("there is no such file", str(path), "check the path.")
    cells = _workbook(settings, path) if path.suffix.lower() == ".xlsx" else _csv(path)
    for number, row in cells:
        # Spreadsheets keep an apostrophe, which siyu writes before what looks like a formula.
        key, verdict, note = ((row.get(name) or "").strip().removeprefix("'").strip() for name in NEEDED)
        if key or verdict or note:
            yield number, key, verdict, note


@contextmanager
def _engine(settings: Settings, folder: Path) -> Iterator[Session]:
    """Open an engine that reads only this folder."""
    engine = DuckEngine(None, RunInputs("", settings.timezone, ""), threads=1, reach=[folder])
    session = engine.session()
    try:
        yield session
    finally:
        session.close()
        engine.close()


def _workbook(settings: Settings, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    columns = {name: {"type": "text", "path": label, "from": [name]} for name, label in NEEDED.items()}
    export = Export.model_validate(
        {"files": "*", "format": "xlsx", "key": ["candidate_id"], "columns": columns, "extra_columns": "ignore"}
    )
    with TemporaryDirectory(prefix="siyu-") as scratch, _engine(settings, Path(scratch)) as session:
        try:
            rows = session.named_rows(read(session, path, export, Path(scratch)).alone(session))
        except FileRejected as error:
            raise WrongQuestion(error.problem, str(path), "save the list that siyu wrote as xlsx or CSV.") from error
    yield from enumerate(rows, start=2)


def _csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a CSV file as Excel may have saved it: UTF-8, UTF-16 or GBK; commas, semicolons or tabs."""
    with path.open("rb") as file:
        encoding = "utf-16" if file.read(2) in UTF16 else ""
    try:
        text = path.read_text(encoding or guessed_encoding(path, "file"))
    except (FileRejected, UnicodeDecodeError) as error:
        raise WrongQuestion("the file is not text that can be read", str(path), "save it as CSV in UTF-8.") from error
    lines = text.removeprefix("\ufeff")
    header = lines.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    rows = list(csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter))
    if not rows:
        raise WrongQuestion("the file is empty", str(path), "siyu candidates --csv writes a new one.")
    names = [_column(cell) for cell in rows[0]]
    missing = [name for name in list(NEEDED)[:2] if name not in names]
    if missing:
        fix = "keep the header that siyu candidates --csv writes."
        columns = f"column{'s' if len(missing) > 1 else ''} {' and '.join(missing)}"
        raise WrongQuestion(f"the file has no {columns}", str(path), fix)
    for number, row in enumerate(rows[1:], start=2):
        yield number, dict(zip(names, row, strict=False))


def _column(cell: str) -> str:
    """Return the name of a column: the first word of its label."""
    words = cell.strip().strip("'").lower().split()
    return words[0] if words else ""


def written_told(found: FilledIn, told: Sequence[str]) -> str:
    """Return what was taken from a file, as text."""
    rows = count(found.empty, "row")
    lines = [*told, f"{count(len(found.verdicts), 'verdict')} 裁定, {rows} without one 未填"]
    if found.known:
        lines.append(f"{found.known} given before 已有相同裁定, not written again")
    return "\n".join(lines)
