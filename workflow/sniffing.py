"""What a file says of itself without being parsed: parsers take their time over what is made to cost it."""

from __future__ import annotations

from typing import BinaryIO

PART_OF_ZIP = b"PK\x01\x02"  # before each entry of an archive's table of contents (APPNOTE 4.3.12)
SCAN_OF_JPEG = b"\xff\xda"  # before each pass over a photo, and never within its data (T.81, B.1)
_BLOCK = 1024 * 1024


def counted(source: BinaryIO, mark: bytes) -> int:
    """How often a mark stands in a file. What lies inside of other data counts as well."""
    source.seek(0)
    found, end = 0, b""
    while block := source.read(_BLOCK):
        found += (end + block).count(mark)
        end = block[1 - len(mark) :]
    return found
