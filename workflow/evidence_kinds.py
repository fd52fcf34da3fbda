"""What a file of evidence is, told by its content alone: its name and what a browser calls it count nothing.

Photos are read by Pillow, within a bound of pixels; Office files are zip archives with their own table of
contents, looked at for what they hold and how far they would swell; PDF says so in its first bytes.
"""

from __future__ import annotations

import threading
import warnings
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps

from .errors import BadValue
from .sniffing import PART_OF_ZIP, SCAN_OF_JPEG, counted
from .text import Text

MOST_PIXELS = 50_000_000  # of a photo
MOST_SCANNED = 1_000_000_000  # pixels of a JPEG, all its passes together: some kB may ask for thousands
MOST_DRAWN = 16_000_000  # pixels of a picture that is unpacked whole to be drawn small; a JPEG is not
MOST_SWELLING = 100  # an Office file may unpack to so many times its size
MOST_UNPACKED = 500 * 1024 * 1024  # bytes
MOST_PARTS = 10_000  # of an Office file
_THUMBNAIL = (240, 240)
_drawing = threading.Lock()  # one at a time: a picture of some kB may need a hundred MB to be drawn


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKind:
    """A kind of file that is taken as evidence."""

    ending: str  # of the name it is served under
    media_type: str
    label: Text
    is_image: bool = False


PDF = FileKind(ending="pdf", media_type="application/pdf", label=Text("PDF", "PDF"))
_IMAGES = {
    "JPEG": FileKind(ending="jpg", media_type="image/jpeg", label=Text("照片", "photo"), is_image=True),
    "PNG": FileKind(ending="png", media_type="image/png", label=Text("图片", "picture"), is_image=True),
    "WEBP": FileKind(ending="webp", media_type="image/webp", label=Text("图片", "picture"), is_image=True),
}
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OFFICE = {
    "word/document.xml": FileKind(
        ending="docx",
        media_type=f"{_OPEN_XML}wordprocessingml.document",
        label=Text("Word 文档", "Word document"),
    ),
    "xl/workbook.xml": FileKind(
        ending="xlsx",
        media_type=f"{_OPEN_XML}spreadsheetml.sheet",
        label=Text("Excel 表格", "Excel workbook"),
    ),
    "ppt/presentation.xml": FileKind(
        ending="pptx",
        media_type=f"{_OPEN_XML}presentationml.presentation",
        label=Text("PowerPoint 演示", "PowerPoint slides"),
    ),
}


def kind_of(source: BinaryIO) -> FileKind:
    """What a file is.

    Raises:
        BadValue: nothing that is taken as evidence, or broken, or made to swell.
    """
    source.seek(0)
    start = source.read(8)
    if start.startswith(b"%PDF-"):
        return PDF
    found = _office(source) if start.startswith(b"PK\x03\x04") else _image(source)
    if found is None:
        raise _not_taken()
    return found


def thumbnail(source: BinaryIO) -> bytes:
    """A small picture of a photo, drawn anew: nothing that came along with the photo is in it.

    Raises:
        BadValue: it is no photo, or one with too many pixels.
    """
    if not kind_of(source).is_image:
        raise _not_taken()
    source.seek(0)
    try:
        with _drawing, Image.open(source, formats=list(_IMAGES)) as image:
            return _drawn(image)
    except Exception as error:  # whatever is wrong inside: Pillow raises almost anything
        raise _not_taken() from error


def _drawn(image: Image.Image) -> bytes:
    if image.format != "JPEG" and image.width * image.height > MOST_DRAWN:
        raise _not_taken()
    image.draft("RGB", _THUMBNAIL)
    image.thumbnail(_THUMBNAIL)
    upright = ImageOps.exif_transpose(image).convert("RGB")
    drawn, target = Image.new("RGB", upright.size), BytesIO()
    drawn.paste(upright)
    drawn.save(target, "JPEG", quality=80)
    return target.getvalue()


def _image(source: BinaryIO) -> FileKind | None:
    source.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=list(_IMAGES)) as image:
                size, format_ = image.size, image.format or ""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    pixels = size[0] * size[1]
    if pixels > MOST_PIXELS or (format_ == "JPEG" and pixels * counted(source, SCAN_OF_JPEG) > MOST_SCANNED):
        return None
    return _IMAGES.get(format_)


def _office(source: BinaryIO) -> FileKind | None:
    size = source.seek(0, 2)
    if counted(source, PART_OF_ZIP) > MOST_PARTS:
        return None
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    unpacked = sum(one.file_size for one in parts)
    if unpacked > min(MOST_UNPACKED, MOST_SWELLING * size):
        return None
    names = {one.filename for one in parts}
    if any(name.endswith("vbaProject.bin") for name in names):  # macros
        return None
    return next((kind for part, kind in _OFFICE.items() if part in names), None)


def _not_taken() -> BadValue:
    return BadValue(
        "佐证材料未予接收：只收照片（JPEG、PNG、WebP）、PDF 和 Office 文件（docx、xlsx、pptx，不含宏），"
        "以文件内容为准。请另存为其中一种后再选。",
        "The evidence was not taken: only photos (JPEG, PNG, WebP), PDF and Office files (docx, xlsx, pptx "
        "without macros), judged by content. Save it as one of them and choose it again.",
    )
