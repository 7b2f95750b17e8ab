"""The files of a simulated world, by channel, export and delivery day."""

from __future__ import annotations

import json
import shutil
from array import array
from collections import Counter, OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from siyu.simulate.people import Person
from siyu.simulate.world import DAY, World

TRUTH = "truth/person.csv"
OPEN_FILES = 200
# As exporters write JSON: without spaces, with unescaped Chinese. json.dumps() would make an encoder for every record.
JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
ELEMENTS_A_DOCUMENT, ANSWERS_A_DOCUMENT = 5000, 500


@dataclass
class _Document:
    """A JSON document being written. `tail` closes it; `count` includes the elements of earlier documents."""

    handle: TextIO
    tail: str
    count: int = 0

    def close(self) -> None:
        self.handle.write(self.tail)
        self.handle.close()


class Delivery:
    """Writes the files of a world.

    Rows are delivered on the day they happen, or some days late. The last `world.nights` days go to folders of their
    own.
    """

    def __init__(self, world: World, folder: Path, drafts: Path) -> None:
        self.world = world
        self.folder = folder
        self.drafts = drafts  # folder of jsonl drafts, which become Parquet or xlsx at the end
        self.counts: Counter[str] = Counter()
        self._open: OrderedDict[tuple[Path, str], TextIO] = OrderedDict()
        self._documents: dict[str, _Document] = {}
        self.staff_days = StaffDays(world)
        self.last_contact: str | None = None  # the last contact entered in the CRM
        self.clicks: Counter[tuple[int, str, str]] = Counter()  # clicks on ads by day, platform and campaign
        self.line(TRUTH, "channel,record_id,person,company")
        self.counts.clear()

    def when(self, person: Person, moment: int) -> int:
        """Return the day on which a row is delivered. Rows of days after the last one are never delivered."""
        day = moment // DAY
        return day + person.chance.randint(1, 5) if person.chance.random() < self.world.knobs.late else day

    def night(self, day: int) -> str:
        """Return the folder of the night that delivers this day; '' for the first load."""
        return f"night={self.world.dates[day]}/" if day >= self.world.days - self.world.nights else ""

    def place(self, channel: str, export: str, day: int, suffix: str) -> str | None:
        """Return the file for a day's rows: one per month in the first load, then one per night. None if too late."""
        if day >= self.world.days:
            return None
        night = self.night(day)
        stamp = self.world.day_name(day) if night else self.world.dates[day][:7]
        return f"{night}{channel}/{export}_{stamp}.{suffix}"

    def jsonl(self, channel: str, export: str, person: Person, moment: int, record: dict[str, Any]) -> None:
        """Write one record of a jsonl export."""
        file = self.place(channel, export, self.when(person, moment), "jsonl")
        self._write(file, person, json_text(record))

    def row(self, channel: str, export: str, person: Person, moment: int, record: dict[str, Any]) -> None:
        """Write one record of a csv export."""
        day = self.when(person, moment)
        file = self.place(channel, export, day, "csv")
        self._write(file, person, csv_text(record.values()), csv_text(record), encoding_of(export))

    def draft(self, channel: str, export: str, person: Person, moment: int, record: dict[str, Any]) -> None:
        """Write one record of an export that becomes Parquet or a workbook."""
        file = self.place(channel, export, self.when(person, moment), "draft")
        self._write(file, person, json_text(record), folder=self.drafts)

    def _write(
        self,
        file: str | None,
        person: Person,
        text: str,
        header: str | None = None,
        encoding: str = "utf-8",
        folder: Path | None = None,
    ) -> None:
        if file is None:
            return
        self.line(file, text, header, encoding, folder)
        if person.chance.random() < self.world.knobs.repeated_row:
            person.traits.add("repeated_row")
            self.line(file, text, header, encoding, folder)

    def write(self, file: str, record: dict[str, Any]) -> None:
        """Write one record of a jsonl file that is a complete list."""
        self.line(file, json_text(record))

    def line(
        self, file: str, text: str, header: str | None = None, encoding: str = "utf-8", folder: Path | None = None
    ) -> None:
        """Write a line unchanged. A new file starts with the header."""
        handle = self._handle(folder or self.folder, file, header, encoding)
        handle.write(text + "\n")
        self.counts[file] += 1

    def _handle(self, folder: Path, file: str, header: str | None, encoding: str) -> TextIO:
        handle = self._open.get((folder, file))
        if handle is not None:
            self._open.move_to_end((folder, file))
            return handle
        path = folder / file
        is_new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        if len(self._open) >= OPEN_FILES:
            self._open.popitem(last=False)[1].close()
        handle = path.open("a", encoding=encoding, newline="")
        if is_new and header is not None:
            handle.write(header + "\n")
        self._open[folder, file] = handle
        return handle

    def element(self, file: str, array: str, record: dict[str, Any], **document: Any) -> None:
        """Write one element of the array in an API answer. When an answer is full, the next one starts a new file.

        `{part}` in the file's name is replaced by the number of the answer.
        """
        head = json_text({"errcode": 0, "errmsg": "ok", **document})[:-1] + f',"{array}":[\n'
        self._append(file, json_text(record), head, "\n]}\n", ELEMENTS_A_DOCUMENT, 1)

    def answer(self, file: str, record: dict[str, Any], rows: int) -> None:
        """Write one answer to a file that is a list of answers. `rows` is the number of rows in the answer."""
        self._append(file, json_text(record), "[\n", "\n]\n", ANSWERS_A_DOCUMENT, rows)

    def _append(self, file: str, text: str, head: str, tail: str, most: int, rows: int) -> None:
        count = self._documents[file].count if file in self._documents else 0
        now = file.format(part=f"{count // most:03d}")
        if count % most == 0:
            if count:
                self._documents[file].close()
            path = self.folder / now
            path.parent.mkdir(parents=True, exist_ok=True)
            self._documents[file] = _Document(path.open("w", encoding="utf-8", newline=""), tail)
            self._documents[file].handle.write(head + text)
        else:
            self._documents[file].handle.write(",\n" + text)
        self._documents[file].count = count + 1
        self.counts[now] += rows

    def truth(self, channel: str, record_id: str, person: Person) -> None:
        """Write the owner of a record to the truth."""
        self.line(TRUTH, f"{channel},{record_id},{person.key},{person.company.key}")

    def truth_once(self, channel: str, record_id: str, person: Person) -> bool:
        """Do the same for a record that several lists contain. Return False if it was written before."""
        if record_id in person.told:
            return False
        person.told.add(record_id)
        self.truth(channel, record_id, person)
        return True

    def close(self) -> None:
        """Write everything to disk."""
        for handle in self._open.values():
            handle.close()
        self._open.clear()
        for document in self._documents.values():
            document.close()
        self._documents.clear()

    def repeat(self, file: str) -> None:
        """Deliver a file again under another name, as if an export had been started twice."""
        path = self.folder / file
        again = path.with_name(f"{path.stem}_again{path.suffix}")
        shutil.copyfile(path, again)
        self.counts[again.relative_to(self.folder).as_posix()] = self.counts[file]


class StaffDays:
    """Counts of what each member of staff did each day. An array keeps a large world in memory."""

    WHAT = ("chats", "messages", "replied", "deletions", "adds")

    def __init__(self, world: World) -> None:
        self._world = world
        self._counts = array("l", bytes(array("l").itemsize * world.sales * world.days * len(self.WHAT)))

    def add(self, staff_id: str, moment: int, **more: int) -> None:
        """Add counts to the day of a moment."""
        for what, count in more.items():
            self._counts[self._at(staff_id, moment // DAY) + self.WHAT.index(what)] += count

    def of(self, staff_id: str, day: int) -> dict[str, int]:
        """Return the counts of one day."""
        at = self._at(staff_id, day)
        return dict(zip(self.WHAT, self._counts[at : at + len(self.WHAT)], strict=True))

    def _at(self, staff_id: str, day: int) -> int:
        return (int(staff_id[1:]) * self._world.days + day) * len(self.WHAT)


def encoding_of(export: str) -> str:
    """Return the encoding of an export. Coupons come from an old system."""
    return "gb18030" if export == "coupons" else "utf-8"


def json_text(record: dict[str, Any]) -> str:
    """Return one record as JSON, in one line."""
    return JSON.encode(record)


def csv_text(values: Any) -> str:
    """Return one csv line. None becomes an empty field."""
    return ",".join([_field(value) for value in values])


def _field(value: Any) -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text or "\n" in text else text
