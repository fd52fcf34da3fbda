"""What an organisation's own Word template may hold: placeholders, two loops, and nothing that does anything.

A template is checked when its pack is, and again before it is used. It is refused if it could read a
name that letters don't have, call or compute anything, bring a macro along, or reach for something
outside of the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from typing import Any, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from workflow.text import Text

from .figures import OF_PARAGRAPH, OF_ROW, OWN

MAX_PARTS: Final = 300
MAX_WHOLE: Final = 20_000_000  # bytes, unpacked
MAX_RATIO: Final = 200  # unpacked to packed, of a part larger than MIN_BOMB
MIN_BOMB: Final = 1_000_000
LISTS: Final = {"rows": OF_ROW, "paragraphs": OF_PARAGRAPH}
_MACROS = re.compile(r"vbaproject|vbadata|activex|embeddings|oleobject|altchunk|afchunk", re.IGNORECASE)
_MACRO_TYPE = re.compile(r"macroEnabled|vbaProject|oleObject|activeX", re.IGNORECASE)
_FETCHES = re.compile(
    r"\b(DDE|DDEAUTO|INCLUDE|INCLUDETEXT|INCLUDEPICTURE|LINK|IMPORT|DATABASE|MACROBUTTON)\b", re.IGNORECASE
)
_XML_BEGINS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0<")
_TAGS = re.compile(r"<[^>]+>")
_MARKS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# Word-only forms of the template engine: they leave text where Word doesn't look for any, or compute.
_ODD = re.compile(r"\{\{(?:r|p|tr|tc) |\{%-?\s*(?:r|tc)\s|\{%\s*(?:vm|hm|cellbg|colspan)\b")


class BadTemplate(Exception):
    """A template that is refused: `why` names what stands in it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.why = Text(zh, en)


def environment() -> SandboxedEnvironment:
    """Where templates are filled: nothing but names, everything escaped, a missing name is an error."""
    made = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    made.globals.clear()
    made.filters.clear()
    made.tests.clear()
    return made


def check_template(data: bytes, names: Collection[str]) -> None:
    """Refuse a template that holds more than placeholders of these names.

    Raises:
        BadTemplate: with the first thing that is wrong.
    """
    parts = dict(_parts(data))
    if "word/document.xml" not in parts:
        raise BadTemplate("一份 Word 文件（.docx）", "a Word document (.docx)")
    for name, content in parts.items():
        _check_part(name, content)
    for source in _sources(data):
        check_source(source, {*names, *OWN})


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = archive.infolist()
            _check_size(found)
            for one in found:
                yield one.filename, archive.read(one)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise BadTemplate("一份完好的 Word 文件（.docx）", "an undamaged Word document (.docx)") from error


def _check_size(found: Collection[zipfile.ZipInfo]) -> None:
    whole = sum(one.file_size for one in found)
    if len(found) > MAX_PARTS or whole > MAX_WHOLE:
        raise BadTemplate(
            f"最多 {MAX_PARTS} 个部件、展开后最多 {MAX_WHOLE} 字节的文件",
            f"a file of at most {MAX_PARTS} parts and {MAX_WHOLE} bytes unpacked",
        )
    if len({one.filename.lower() for one in found}) < len(found):
        raise BadTemplate("每个部件只有一份的文件", "a file that holds each part once")
    for one in found:
        if one.file_size > MIN_BOMB and one.file_size > MAX_RATIO * max(one.compress_size, 1):
            raise BadTemplate(
                f"正常压缩的文件（{one.filename} 展开后大得反常）",
                f"a file packed as usual ({one.filename} grows beyond measure when unpacked)",
            )
        if _MACROS.search(one.filename):
            raise BadTemplate(
                f"不带宏和嵌入对象的文件（有 {one.filename}）",
                f"a file without macros and embedded objects (there is {one.filename})",
            )


def _check_part(name: str, content: bytes) -> None:
    plain = name.lower()
    if not plain.endswith((".xml", ".rels")) and not content.lstrip().startswith(_XML_BEGINS):
        return  # a picture, a typeface
    try:
        tree = fromstring(content, forbid_dtd=True)
    except (DefusedXmlException, SyntaxError, ValueError, LookupError) as error:
        raise BadTemplate(
            f"各部件都能读的文件（{name} 读不了）", f"a file whose parts can be read ({name} can't)"
        ) from error
    if plain == "[content_types].xml" and any(_MACRO_TYPE.search(one) for one in _attributes(tree)):
        raise BadTemplate("不带宏的文件（.docx，不是 .docm）", "a file without macros (.docx, no .docm)")
    if plain.endswith(".rels"):
        _check_relations(name, tree)
    if found := _FETCHES.search(_fields(tree)):
        raise BadTemplate(f"不含域 {found[1]} 的文件", f"a file without the field {found[1]}")


def _attributes(tree: Any) -> Iterator[str]:
    return (value for one in tree.iter() for value in one.attrib.values())


def _fields(tree: Any) -> str:
    """What Word would read as fields, each on its own line: one may stand in any number of pieces."""
    pieces: list[str] = []
    for one in tree.iter():
        kind = str(one.tag).rpartition("}")[2]
        if kind in ("instrText", "delInstrText"):
            pieces.append("".join(one.itertext()))
        elif kind == "fldChar":
            pieces.append("\n")
        elif kind == "fldSimple":
            pieces += ["\n", *one.attrib.values(), "\n"]
    return "".join(pieces)


def _check_relations(name: str, tree: Any) -> None:
    for one in tree:
        target, kind = one.get("Target", ""), one.get("Type", "").rpartition("/")[2]
        if one.get("TargetMode") == "External" or _MACROS.search(kind):
            raise BadTemplate(
                f"不引用外部内容的文件（{name} 引用 {target[:60]}）",
                f"a file that refers to nothing outside of it ({name} refers to {target[:60]})",
            )


# --- what the template engine will see --------------------------------------------------------------


def _sources(data: bytes) -> Iterator[str]:
    """Every part that is filled, as the template engine will be given it."""
    from docxtpl import DocxTemplate

    template = DocxTemplate(io.BytesIO(data))
    try:
        template.init_docx()
        raw = [template.get_xml()]
        for uri in (template.HEADER_URI, template.FOOTER_URI):
            raw += [template.get_part_xml(part) for _, part in template.get_headers_footers(uri)]
        raw += [str(part.blob, "utf-8") for part in template.docx.part.package.iter_parts() if _notes(part)]
    except (KeyError, ValueError, AttributeError, LookupError) as error:
        raise BadTemplate("Word 能打开的文件", "a file that Word can open") from error
    for one in raw:
        _check_marks(one)
        yield template.patch_xml(one)


def _notes(part: Any) -> bool:
    return str(part.content_type).endswith("wordprocessingml.footnotes+xml")


def _check_marks(xml: str) -> None:
    text = _TAGS.sub("", xml)
    for mark in _MARKS.findall(text):
        if _ODD.search(mark):
            raise BadTemplate(
                f"只用 {{{{ 名称 }}}}、{{%p for … %}}、{{%tr for … %}} 的模板（有 {mark[:60]}）",
                f"only {{{{ name }}}}, {{%p for … %}} and {{%tr for … %}} (there is {mark[:60]})",
            )


def check_source(source: str, names: Collection[str]) -> None:
    """Refuse everything but `{{ name }}`, `for row in rows` and `{{ row.name }}`.

    Raises:
        BadTemplate: with the first thing that is wrong.
    """
    try:
        tree = environment().parse(source)
    except TemplateSyntaxError as error:
        said = str(error.message)[:120]
        raise BadTemplate(
            f"写法正确的占位符（{said}）", f"placeholders that are well formed ({said})"
        ) from error
    for one in tree.body:
        _check(one, names, {})


def _check(node: nodes.Node, names: Collection[str], loops: dict[str, tuple[str, ...]]) -> None:
    if isinstance(node, nodes.Output):
        for one in node.nodes:
            _check_said(one, names, loops)
    elif isinstance(node, nodes.For):
        _check_loop(node, names, loops)
    else:
        raise _refused(type(node).__name__.lower())


def _check_loop(node: nodes.For, names: Collection[str], loops: dict[str, tuple[str, ...]]) -> None:
    target, over = node.target, node.iter
    if node.test is not None or node.else_ or node.recursive or loops or not isinstance(target, nodes.Name):
        raise _refused("for … if, else, recursive, for in for")
    if not isinstance(over, nodes.Name) or over.name not in LISTS:
        said = over.name if isinstance(over, nodes.Name) else type(over).__name__.lower()
        raise _refused(f"for … in {said}", " / ".join(f"for row in {name}" for name in LISTS))
    if target.name in names or target.name in LISTS:
        raise _refused(f"for {target.name}")
    for one in node.body:
        _check(one, names, {target.name: LISTS[over.name]})


def _check_said(node: nodes.Node, names: Collection[str], loops: dict[str, tuple[str, ...]]) -> None:
    if isinstance(node, nodes.TemplateData):
        return
    if isinstance(node, nodes.Name):
        if node.name not in names:
            raise _refused(f"{{{{ {node.name} }}}}", ", ".join(sorted(names)))
    elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name in loops:
        known = loops[node.node.name]
        if node.attr not in known:
            said = f"{node.node.name}.{node.attr}"
            raise _refused(f"{{{{ {said} }}}}", ", ".join(f"{node.node.name}.{name}" for name in known))
    else:
        raise _refused(_called(node))


def _called(node: nodes.Node) -> str:
    """What stands there, as whoever wrote it would recognise it."""
    if isinstance(node, nodes.Filter):
        return f"| {node.name}"
    if isinstance(node, nodes.Getattr):
        return f".{node.attr}"
    return type(node).__name__.lower()


def _refused(found: str, known: str = "") -> BadTemplate:
    zh = f"只含占位符的模板（见到 {found}）"
    en = f"a template of placeholders only (found {found})"
    return BadTemplate(f"{zh}；可用：{known}", f"{en}; there are: {known}") if known else BadTemplate(zh, en)
