"""CSV files as the world writes them: several encodings, delimiters and packings."""

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path

from gis.errors import EmptyInput, UnreadableFile

_UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}


def read_csv(path: Path) -> tuple[list[str], Iterator[Sequence[str]]]:
    """Read the header, and the records one by one; blank lines are skipped.

    Raises
    ------
    UnreadableFile
        If the file cannot be opened or decoded, ends inside a quoted cell (raised while iterating)
        or names a column twice.
    EmptyInput
        If it has no header.
    """
    body = _decoded(path, _unpacked(path))
    first = body.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    rows = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    records = _guarded(path, rows)
    header = next(records, None)
    if header is None:
        raise EmptyInput(path, "a header line and rows")
    names = [name.strip() for name in header]
    twice = {name for name in names if names.count(name) > 1 and name}
    if twice:
        raise UnreadableFile(path, f"its header names a column twice: {', '.join(sorted(twice))}")
    return names, records


def _unpacked(path: Path) -> bytes:
    try:
        packed = path.read_bytes()
        unpack = _UNPACK.get(path.suffix.lower())
        return packed if unpack is None else unpack(packed)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise UnreadableFile(path, f"damaged or cut off: {error}") from None


def _decoded(path: Path, raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            if "unexpected end" in error.reason:
                raise UnreadableFile(path, "it ends in the middle of a character") from None
    raise UnreadableFile(path, "its text is neither UTF-8, UTF-16 nor GB18030")


def _guarded(path: Path, rows: Iterator[list[str]]) -> Iterator[Sequence[str]]:
    try:
        for row in rows:
            if row:
                yield row
    except csv.Error as error:
        raise UnreadableFile(path, f"record is not CSV: {error}") from None
