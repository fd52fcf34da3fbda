"""Whether a file may be read at all, and what hides in it. Checked before anything is parsed.

A workbook is an archive of XML. What is looked at before a parser sees it: the size, the size unpacked
and the ratio of the two (an archive bomb), macros, a password, and whether any part declares entities:
`openpyxl` parses with `lxml` where that is installed, and `lxml` doesn't refuse them.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from xml.sax.handler import ContentHandler  # nosec: a handler parses nothing; defusedxml does

import openpyxl
from defusedxml import DefusedXmlException
from defusedxml.sax import parse
from openpyxl.utils import column_index_from_string, get_column_letter

from workflow.errors import BadValue
from workflow.sniffing import PART_OF_ZIP, counted

MAX_FILE = 20_000_000  # bytes
MAX_UNPACKED = 200_000_000  # bytes
MAX_RATIO = 200  # of a part's size to its packed size; sheets reach some dozens
RATIO_FROM = 1_000_000  # bytes; a small part may be as regular as it likes
MAX_PARTS = 2_000
MAX_COLUMNS = 100
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and whatever Office encrypts
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MACROS = ("vbaproject.bin", "xlm")
_XML = (".xml", ".rels", ".vml")
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(kw_only=True, slots=True)
class Survey:
    """How far a sheet goes, and what of it can't be seen or is spread over several cells."""

    rows: int = 0  # the last with a value
    columns: int = 0  # likewise
    merged: list[str] = field(default_factory=list)  # ranges
    hidden_rows: list[int] = field(default_factory=list)  # those with a value
    hidden_columns: list[str] = field(default_factory=list)  # letters, up to the last with a value


def check_file(file: Path) -> None:
    """Refuse what is no plain workbook of a size that can be handled.

    Raises:
        BadValue: with the reason.
    """
    try:
        if not file.is_file():  # a pipe would be waited for
            raise _refused(file, "不是普通文件", "it is no plain file")
        size = file.stat().st_size
        with file.open("rb") as source:
            begin = source.read(8)
            rest = source.read() if begin == _OLE and size <= MAX_FILE else b""
    except OSError as error:
        raise _refused(file, f"读不到（{error.strerror}）", f"it can't be read ({error.strerror})") from error
    if size > MAX_FILE:
        most = MAX_FILE // 1_000_000
        raise _refused(file, f"超过 {most} MB，请分成几份", f"it is larger than {most} MB: divide it")
    if begin == _OLE:
        raise _ole(file, encrypted=_ENCRYPTED in rest)
    _check_archive(file)


def _ole(file: Path, *, encrypted: bool) -> BadValue:
    if encrypted:
        return _refused(
            file, "有打开密码，请去掉密码再保存", "it is protected by a password: save it without one"
        )
    return _refused(
        file,
        "是旧的 .xls 格式，请另存为 .xlsx",
        "it is in the old .xls format: save it as .xlsx",
    )


def _check_archive(file: Path) -> None:
    try:
        with file.open("rb") as source:
            if counted(source, PART_OF_ZIP) > MAX_PARTS:
                raise _too_large(file)
            with zipfile.ZipFile(source) as archive:
                parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _broken(file) from error
    names = [part.filename.lower() for part in parts]
    if any(part.flag_bits & 1 for part in parts):
        raise _ole(file, encrypted=True)
    if any(name.endswith(_MACROS[0]) or "macrosheets/" in name for name in names):
        raise _refused(
            file, "含有宏，请另存为不含宏的 .xlsx", "it has macros: save it as .xlsx without macros"
        )
    if "xl/workbook.xml" not in names:
        raise _broken(file)
    _check_sizes(file, parts)


def _check_sizes(file: Path, parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    dense = any(
        part.file_size > RATIO_FROM and part.file_size > MAX_RATIO * max(part.compress_size, 1)
        for part in parts
    )
    if unpacked > MAX_UNPACKED or dense:
        raise _too_large(file)


def _too_large(file: Path) -> BadValue:
    most = MAX_UNPACKED // 1_000_000
    return _refused(
        file,
        f"解开后过大（上限 {most} MB），或压缩得不合常理。请另建工作簿，只留数据",
        f"unpacked it is too large (at most {most} MB), or packed beyond what a workbook is. Make a new "
        "workbook with nothing but the data",
    )


def _broken(file: Path) -> BadValue:
    return _refused(
        file,
        "不是 Excel 工作簿（.xlsx），或已损坏。请用 Excel 或 WPS 打开后另存为 .xlsx",
        "it is no Excel workbook (.xlsx), or it is damaged. Open it with Excel or WPS and save it as .xlsx",
    )


def _refused(file: Path, zh: str, en: str) -> BadValue:
    return BadValue(f"没有读取 {file.name}：{zh}。", f"{file.name} was not read: {en}.")


@contextmanager
def workbook(file: Path) -> Iterator[Any]:
    """A workbook that may be read, in openpyxl's reading mode: a row at a time.

    Raises:
        BadValue: the file is no such workbook.
    """
    check_file(file)
    _check_prologs(file)
    with file.open("rb") as source, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of openpyxl, about parts that nobody reads here
        try:
            book = openpyxl.load_workbook(source, read_only=True, data_only=False, keep_links=False)
        except Exception as error:  # whatever is wrong inside: openpyxl raises almost anything
            raise _unfit(file, error) from error
        try:
            yield book
        finally:
            book.close()


class _Enough(Exception):
    """The root has begun: nothing can be declared any more."""


class _Prolog(ContentHandler):
    """Reads a part up to its root."""

    def startElement(self, _name: str, _attrs: Any) -> None:  # noqa: N802 (the parser's name)
        raise _Enough


def _check_prologs(file: Path) -> None:
    """Refuse a part that declares a document type: Office writes none, and entities begin there."""
    with zipfile.ZipFile(file) as archive:
        for part in archive.namelist():
            if not part.lower().endswith(_XML):
                continue
            try:
                with archive.open(part) as source:
                    parse(source, _Prolog(), forbid_dtd=True)
            except _Enough:
                continue
            except DefusedXmlException as error:
                raise _unfit(file, error) from error
            except Exception:  # noqa: S112  (damaged: whoever reads the part says so)
                continue


def survey(file: Path, sheet: Any) -> Survey:
    """How far a sheet goes, and what hides in it: openpyxl's reading mode doesn't tell.

    Raises:
        BadValue: the sheet is damaged, or speaks of entities.
    """
    handler = _Surveyor()
    part = cast("Any", sheet)._worksheet_path
    try:
        with zipfile.ZipFile(file) as archive, archive.open(part) as source:
            parse(source, handler, forbid_dtd=True)
    except Exception as error:
        raise _unfit(file, error) from error
    return handler.found()


def _unfit(file: Path, error: BaseException) -> BadValue:
    """What a parser stumbled over; openpyxl wraps it in errors of its own."""
    why: BaseException | None = error
    while why is not None and not isinstance(why, DefusedXmlException):
        why = why.__cause__ or why.__context__
    if why is None:
        return _broken(file)
    return _refused(
        file,
        "其中的 XML 带有实体定义，可能有害。请用 Excel 或 WPS 打开后另存为 .xlsx",
        "its XML defines entities, which may do harm. Open it with Excel or WPS and save it as .xlsx",
    )


class _Surveyor(ContentHandler):
    """Looks at the bare XML of a sheet: only what has a value counts."""

    def __init__(self) -> None:
        super().__init__()
        self._survey = Survey()
        self._row = self._column = 0
        self._is_hidden = False
        self._hidden: set[int] = set()  # columns, of those that are taken at all

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 (the parser's name)
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._begin_cell(attrs.get("r"))
        elif kind in ("v", "is", "f"):
            self._note_value()
        elif kind == "row":
            self._row = int(attrs.get("r", self._row + 1))
            self._column, self._is_hidden = 0, attrs.get("hidden") in ("1", "true")
        elif kind == "col" and attrs.get("hidden") in ("1", "true"):
            first, last = max(int(attrs["min"]), 1), min(int(attrs["max"]), MAX_COLUMNS)
            self._hidden.update(range(first, last + 1))
        elif kind == "mergeCell":
            self._survey.merged.append(attrs["ref"])

    def _begin_cell(self, place: str | None) -> None:
        match = _CELL.fullmatch(place) if place else None
        self._column = column_index_from_string(match[1]) if match else self._column + 1

    def _note_value(self) -> None:
        survey = self._survey
        survey.rows = max(survey.rows, self._row)
        survey.columns = max(survey.columns, self._column)
        if self._is_hidden and self._row not in survey.hidden_rows[-1:]:
            survey.hidden_rows.append(self._row)

    def found(self) -> Survey:
        """What was seen."""
        seen = sorted(one for one in self._hidden if one <= self._survey.columns)
        self._survey.hidden_columns = [get_column_letter(one) for one in seen]
        return self._survey
