"""CSV files as the world writes them: several encodings, delimiters and packings."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, cast

from gis.errors import EmptyInput, UnreadableFile

_OPEN = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}
_CSV = {".csv", ".tsv", ".txt"}
_PIECE = 1 << 20
_DAMAGE = (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class CsvStream:
    """The header of a file and its records, which can be gone through once."""

    header: list[str]
    records: Iterator[Sequence[str]]


def is_csv(path: Path) -> bool:
    """Whether the name says that this is a CSV file, packed or not."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    return bool(suffixes) and (
        suffixes[-1] in _CSV or (suffixes[-1] in _OPEN and suffixes[0] in _CSV)
    )


@contextmanager
def open_csv(path: Path) -> Iterator[CsvStream]:
    """Open a CSV file; blank lines are skipped.

    Raises UnreadableFile if the file cannot be opened, unpacked or decoded (found out before the
    first record, for the whole file) or ends inside a quoted cell (found out there); EmptyInput if
    it has no header.
    """
    encoding = _encoding(path)
    with _unpacked(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
        first = next((line for line in text if line.strip()), "")
        if not first:
            raise EmptyInput(path, "a header line and rows")
        delimiter = max(",;\t|", key=first.count)
        rows = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
        records = _guarded(path, rows)
        yield CsvStream([name.strip() for name in next(records)], records)


def read_csv(path: Path) -> tuple[list[str], list[Sequence[str]]]:
    """Read the header and all records.

    Raises as `open_csv` does, and UnreadableFile if the header names a column twice.
    """
    with open_csv(path) as stream:
        names = stream.header
        twice = {name for name in names if names.count(name) > 1 and name}
        if twice:
            listed = ", ".join(sorted(twice))
            raise UnreadableFile(path, f"its header names a column twice: {listed}")
        return names, list(stream.records)


def _guarded(path: Path, rows: Iterator[list[str]]) -> Iterator[Sequence[str]]:
    try:
        yield from (row for row in rows if row)
    except csv.Error as error:
        raise UnreadableFile(path, f"record is not CSV: {error}") from None
    except _DAMAGE as error:
        raise UnreadableFile(path, f"damaged or cut off: {error}") from None


def _unpacked(path: Path) -> IO[bytes]:
    try:
        unpack = cast("Callable[[Path], IO[bytes]] | None", _OPEN.get(path.suffix.lower()))
        return path.open("rb") if unpack is None else unpack(path)
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from None


def _encoding(path: Path) -> str:
    """Find the encoding by decoding the whole file, a piece at a time."""
    with _unpacked(path) as raw:
        start = raw.read(2)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig", "gb18030"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise UnreadableFile(path, "its text is neither UTF-8, UTF-16 nor GB18030, or is cut off")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _unpacked(path) as raw:
            while piece := raw.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        if "unexpected end" in error.reason:
            raise UnreadableFile(path, "it ends in the middle of a character") from None
        return False
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UnreadableFile(path, f"damaged or cut off: {error}") from None
    return True
