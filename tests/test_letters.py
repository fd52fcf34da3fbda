"""Letters: the word of the language, what a template may hold, and what comes out whatever people typed."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.documents import check_template, check_templates
from notifier.documents.figures import OF_ROW, Concerned, LetterFigures, Paragraph, context, paragraphs
from notifier.documents.inert import line, lines
from notifier.documents.layout import letter_template
from notifier.documents.rendering import letter_bytes
from notifier.documents.templates import BadTemplate, check_source
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, problems_of, write_pack
from workflow.definition import load_pack, pack_from_source
from workflow.definition.letter import ALWAYS
from workflow.definition.pack import template_of
from workflow.definition.yaml import Problem
from workflow.errors import PackError
from workflow.proof import check_pack

NUMBERED = changed(ERRAND, "to: closed, by:", 'to: closed, number: "函{n}号", by:')


def errand(**changes: str) -> str:
    """An errand with a letter, some of its words written otherwise."""
    said = {
        "label": "{zh: 函, en: Letter}",
        "title": '{zh: "致{unit}", en: "To {unit}"}',
        "on": "close",
        "to": "unit",
        "text": '{zh: "{number}：进度{progress}", en: "{number}: progress {progress}"}',
    }
    given = {**said, **{name: value for name, value in changes.items() if value}}
    wanted = {name: value for name, value in given.items() if changes.get(name) != ""}
    body = "".join(f"  {name}: {value}\n" for name, value in wanted.items())
    return f"{NUMBERED}letter:\n{body}"


def pack_with(folder: Path, text: str, template: bytes | None = None) -> Path:
    path = write_pack(folder, campaign=CAMPAIGN, errand=text, people=PEOPLE)
    if template is not None:
        (path / "letter.docx").write_bytes(template)
    return path


# --- the word ---------------------------------------------------------------------------------------


def test_a_kind_may_have_a_letter(tmp_path: Path) -> None:
    pack = check_pack(pack_with(tmp_path, errand()))
    letter = pack.definitions["errand"].letter
    assert letter is not None
    assert (letter.to, letter.label.en, letter.template) == ("unit", "Letter", None)
    again = pack_from_source(pack.source).definitions["errand"]
    assert again.letter == letter


@pytest.mark.parametrize(
    ("changes", "key", "expected", "nearest"),
    [
        ({"on": "sgn"}, "letter.on", "a declared transition that somebody takes", None),
        ({"to": "unti"}, "letter.to", "a declared party or role", "unit"),
        ({"to": ""}, "letter.to", "", None),
        ({"text": '{zh: "{progres}", en: x}'}, "letter.text.zh", "a declared placeholder", "progress"),
        ({"title": '{zh: x, en: "{unti}"}'}, "letter.title.en", "a declared placeholder", "unit"),
        ({"text": '{zh: "{unit", en: x}'}, "letter.text.zh", "pairs of braces", None),
        ({"text": '{zh: "{{ unit }}", en: x}'}, "letter.text.zh", "pairs of braces", None),
        ({"text": '{zh: "{unit|upper}", en: x}'}, "letter.text.zh", "a declared placeholder", None),
        ({"template": "letter.docx"}, "letter.template", "Word template (.docx)", None),
        ({"colour": "red"}, "letter.colour", "one of: label, title, on, to, text, template", None),
    ],
    ids=lambda one: str(one)[:40],
)
def test_what_is_wrong_with_a_letter_is_said_with_its_line(
    tmp_path: Path, changes: dict[str, str], key: str, expected: str, nearest: str | None
) -> None:
    problems = problems_of(pack_with(tmp_path, errand(**changes)))
    found = next(one for one in problems if one.key in (key, key.rpartition(".")[0]))
    assert found.line > 0
    assert expected in found.expected.en
    assert nearest is None or found.nearest == nearest


def test_a_fact_that_nobody_reports_or_a_number_that_nothing_gives_is_refused(tmp_path: Path) -> None:
    text = errand().replace('number: "函{n}号", ', "")
    (problem,) = problems_of(pack_with(tmp_path / "a", text))
    assert (problem.key, problem.expected.en[:7]) == ("letter.text", "number:")
    unasked = changed(errand(), "facts:\n", "facts:\n  remark: {type: text, label: {zh: 注, en: Remark}}\n")
    unasked = unasked.replace("{progress}", "{remark}")
    assert any("facts.remark" in one.key for one in problems_of(pack_with(tmp_path / "b", unasked)))


def test_a_name_that_would_stand_for_two_things_is_refused(tmp_path: Path) -> None:
    text = errand(text='{zh: "{kind}", en: "{kind}"}')
    assert problems_of(pack_with(tmp_path / "a", text)) == ()
    text = changed(text, "facts:\n", "facts:\n  kind: {type: text, label: {zh: 种, en: Kind}}\n")
    found = problems_of(pack_with(tmp_path / "b", text))
    assert any("stands for what this kind of task is called" in one.expected.en for one in found)


# --- the organisation's own template ----------------------------------------------------------------


def word(*paragraphs: str, rows: tuple[str, ...] = ()) -> bytes:
    """A Word document with these paragraphs, and a table with these rows."""
    document = docx.Document()
    for one in paragraphs:
        document.add_paragraph(one)
    if rows:
        table = document.add_table(rows=len(rows), cols=1)
        for row, text in zip(table.rows, rows, strict=True):
            row.cells[0].text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def repacked(data: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, change(one, old.read(one)))
        for name, content in more.items():
            new.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


OWN = word(
    "{{ issuer }} {{ number }}",
    "{{ title }}",
    "{%p for row in paragraphs %}",
    "{{ row.head }}{{ row.text }}",
    "{%p endfor %}",
    rows=("{%tr for row in rows %}", "{{ row.number }} {{ row.light }} {{ row.why }}", "{%tr endfor %}"),
)


def test_a_template_travels_with_its_version(tmp_path: Path) -> None:
    plain = check_pack(pack_with(tmp_path / "a", errand()))
    pack = check_pack(pack_with(tmp_path / "b", errand(template="letter.docx"), OWN))
    check_templates(pack)
    assert template_of(pack, "letter.docx") == OWN
    stored = pack_from_source(pack.source)
    assert template_of(stored, "letter.docx") == OWN
    assert stored.version == pack.version != plain.version
    other = load_pack(pack_with(tmp_path / "c", errand(template="letter.docx"), word("{{ title }}")))
    assert other.version != pack.version, "another template is another version"


def test_a_word_file_that_no_letter_names_is_left_alone(tmp_path: Path) -> None:
    pack = load_pack(pack_with(tmp_path / "a", errand()))
    assert load_pack(pack_with(tmp_path / "b", errand(), b"not even Word")).version == pack.version


def test_a_template_outside_of_the_folder_is_none(tmp_path: Path) -> None:
    path = pack_with(tmp_path, errand(template='"../letter.docx"'))
    (tmp_path / "letter.docx").write_bytes(OWN)
    assert path.parent == tmp_path
    assert [one.key for one in problems_of(path)] == ["letter.template"]


REFUSED = (
    ("a filter", "{{ title|upper }}", "| upper"),
    ("a call", "{{ title() }}", "call"),
    ("an attribute", "{{ title.__class__ }}", ".__class__"),
    ("an item", "{{ title['x'] }}", "getitem"),
    ("a sum", "{{ title + number }}", "add"),
    ("a choice", "{{ title if number else to }}", "condexpr"),
    ("a constant", "{{ 1 }}", "const"),
    ("a name that letters lack", "{{ password }}", "{{ password }}"),
    ("a whole list", "{{ rows }}", "{{ rows }}"),
    ("a condition", "{% if title %}x{% endif %}", "if"),
    ("an assignment", "{% set a = title %}", "assign"),
    ("an inclusion", "{% include '/etc/passwd' %}", "include"),
    ("an import", "{% import 'x' as y %}", "import"),
    ("a macro", "{% macro m() %}x{% endmacro %}", "macro"),
    ("a loop over something else", "{% for one in title %}x{% endfor %}", "for … in title"),
    ("a loop over a call", "{% for one in range(9) %}x{% endfor %}", "for … in call"),
    ("a loop with a condition", "{% for row in rows if row %}x{% endfor %}", "for … if"),
    ("a loop in a loop", "{% for a in rows %}{% for b in rows %}x{% endfor %}{% endfor %}", "for in for"),
    ("a column that rows lack", "{% for row in rows %}{{ row.salary }}{% endfor %}", "{{ row.salary }}"),
    ("an attribute of a column", "{% for row in rows %}{{ row.why.x }}{% endfor %}", ".x"),
    ("a loop that shadows a name", "{% for title in rows %}x{% endfor %}", "for title"),
    ("the loop itself", "{% for row in rows %}{{ loop.index }}{% endfor %}", ".index"),
    ("broken off", "{{ title", "well formed"),
)


@pytest.mark.parametrize(("what", "source", "named"), REFUSED, ids=[one[0] for one in REFUSED])
def test_whatever_is_no_placeholder_is_refused_by_name(what: str, source: str, named: str) -> None:
    with pytest.raises(BadTemplate) as refusal:
        check_source(source, {"title", "number", "to"})
    assert named in refusal.value.why.en, what
    if what != "broken off":
        with pytest.raises(BadTemplate):
            check_template(word(source), ALWAYS)


@given(st.text(alphabet="abrowtile.|()[]{}%+-'\"_ 0123456789\n", max_size=60))
@settings(max_examples=300)
def test_no_expression_of_any_form_gets_through(text: str) -> None:
    source = f"{{{{ {text} }}}}"
    try:
        check_source(source, {"title"})
    except BadTemplate:
        return
    said = re.findall(r"\{\{(.*?)\}\}", source, re.DOTALL)
    assert all(one.strip(" \n-+") == "title" for one in said if one.strip()) or "{#" in source


FETCHES = b'<w:instrText>INCLUDETEXT "x"</w:instrText>'
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'
EXTERNAL = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    b'attachedTemplate" Target="http://elsewhere.invalid/x.dotm" TargetMode="External"/></Relationships>'
)


def _same(_: str, content: bytes) -> bytes:
    return content


@pytest.mark.parametrize(
    ("what", "data", "named"),
    [
        ("no zip", b"PK nothing", "undamaged"),
        ("empty", b"", "undamaged"),
        ("another document", repacked(b"PK\x05\x06" + bytes(18), _same, x_dot_txt=b"x"), "a Word document"),
        ("cut off", OWN[:-200], "undamaged"),
        ("macros", repacked(OWN, _same, word__vbaProject_dot_bin=b"x"), "vbaProject"),
        ("an embedded object", repacked(OWN, _same, word__embeddings__o_dot_bin=b"x"), "embeddings"),
        ("a reference outside", repacked(OWN, _same, word___rels__x_dot_xml_dot_rels=EXTERNAL), "elsewhere"),
        ("a document type", repacked(OWN, _same, word__x_dot_xml=DOCTYPE), "word/x.xml"),
        ("a bomb", repacked(OWN, _same, word__x_dot_bin=bytes(5_000_000)), "beyond measure"),
        ("too many parts", repacked(OWN, _same, **{f"x{n}": b"" for n in range(400)}), "at most"),
        (
            "a macro document",
            repacked(OWN, lambda _, c: c.replace(b"document.main", b"document.macroEnabled.main")),
            "no .docm",
        ),
        (
            "a field that fetches",
            repacked(
                OWN,
                lambda _, c: c.replace(
                    b"<w:sectPr",
                    b'<w:p><w:r><w:instrText>INCLUDETEXT "x"</w:instrText></w:r></w:p><w:sectPr',
                    1,
                ),
            ),
            "INCLUDETEXT",
        ),
        ("a run mark", word("{{r title }}"), "{{r title }}"),
        ("a merged cell", word(rows=("{% vm %}{{ title }}",)), "vm"),
    ],
    ids=lambda one: one if isinstance(one, str) and len(one) < 30 else "",
)
def test_a_file_that_is_more_than_a_letter_is_refused(what: str, data: bytes, named: str) -> None:
    with pytest.raises(BadTemplate) as refusal:
        check_template(data, ALWAYS)
    assert named in refusal.value.why.en, what


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
HIDDEN_FIELDS = {
    "in two pieces": f"<w:p {_W}><w:r><w:instrText> DDE</w:instrText></w:r>"
    "<w:r><w:instrText>AUTO c</w:instrText></w:r></w:p>",
    "in pieces of nothing": f"<w:p {_W}><w:instrText>D</w:instrText><w:instrText>DE c</w:instrText></w:p>",
    "another prefix": f"<x:p {_W.replace('xmlns:w', 'xmlns:x')}><x:instrText>DDE c</x:instrText></x:p>",
    "as entities": f"<w:p {_W}><w:instrText>&#68;DE c</w:instrText></w:p>",
    "a comment within": f"<w:p {_W}><w:instrText>D<!-- -->DE c</w:instrText></w:p>",
    "single quotes": f"<w:p {_W}><w:fldSimple w:instr='DDE c'/></w:p>",
    "entities in an attribute": f'<w:p {_W}><w:fldSimple w:instr="&#x44;DE c"/></w:p>',
}


@pytest.mark.parametrize("xml", HIDDEN_FIELDS.values(), ids=list(HIDDEN_FIELDS))
@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", ["word__x_dot_xml", "word__x_dot_XML", "word__x_dot_dat"])
def test_a_field_that_fetches_is_found_however_it_is_written(xml: str, coding: str, name: str) -> None:
    content = f'<?xml version="1.0" encoding="{coding}"?>{xml}'.encode(coding)
    with pytest.raises(BadTemplate) as refusal:
        check_template(repacked(OWN, _same, **{name: content}), ALWAYS)
    assert "the field DDE" in refusal.value.why.en


def test_usual_fields_may_stay() -> None:
    xml = (
        f'<w:p {_W}><w:fldChar w:fldCharType="begin"/><w:instrText> HYPERLINK </w:instrText>'
        '<w:fldChar w:fldCharType="end"/><w:fldSimple w:instr="PAGE"/><w:fldSimple w:instr="DATE"/></w:p>'
    )
    check_template(repacked(OWN, _same, word__x_dot_xml=xml.encode()), ALWAYS)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["word/document.xml", "word/Document.xml"])
def test_a_part_that_is_there_twice_is_refused(name: str) -> None:
    """Word may read the one of them that was not looked at."""
    buffer = io.BytesIO(OWN)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, archive.read("word/document.xml"))
    with pytest.raises(BadTemplate, match="once"):
        check_template(buffer.getvalue(), ALWAYS)


def test_a_placeholder_in_a_header_is_checked_too() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "{{ title|upper }}"
    buffer = io.BytesIO()
    document.save(buffer)
    with pytest.raises(BadTemplate):
        check_template(buffer.getvalue(), ALWAYS)


def test_a_pack_with_a_bad_template_is_refused_before_it_comes_into_force(tmp_path: Path) -> None:
    pack = check_pack(pack_with(tmp_path, errand(template="letter.docx"), word("{{ title|upper }}")))
    with pytest.raises(PackError) as refusal:
        check_templates(pack)
    (problem,) = refusal.value.problems
    assert isinstance(problem, Problem)
    assert problem.file == "letter.docx"
    assert "| upper" in problem.expected.en


def test_the_default_templates_are_what_anybody_may_bring() -> None:
    for language in ("zh", "en"):
        check_template(letter_template(language), ALWAYS)


# --- what comes out ---------------------------------------------------------------------------------


def figures(**changes: Any) -> LetterFigures:
    values = {
        **dict.fromkeys(ALWAYS, "x"),
        "issuer": "示例局",
        "to": "东区",
        "number": "函1号",
        "progress": "40%",
    }
    own = LetterFigures(
        language="zh",
        label="函",
        file="函1号",
        title="关于试点的函",
        at=1_775_008_800_000,
        draft=False,
        values=values,
        paragraphs=(Paragraph(head="一、要求"), Paragraph(text="限期整改")),
        concerned=(
            Concerned(
                number="TR-1", matter="任务", unit="东区", deadline="2026-03-31", light="red", why="逾期"
            ),
        ),
    )
    return replace(own, **changes)


def read(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


@pytest.mark.parametrize("template", [None, OWN], ids=["default", "own"])
def test_the_same_figures_give_the_same_bytes(template: bytes | None) -> None:
    letter_template.cache_clear()
    first = letter_bytes(figures(), template)
    letter_template.cache_clear()
    assert letter_bytes(figures(), template) == first
    assert letter_bytes(figures(title="另"), template) != first


@pytest.mark.parametrize("template", [None, OWN], ids=["default", "own"])
def test_a_light_is_a_word_and_a_shape(template: bytes | None) -> None:
    for light, shown in (("red", "■ 红灯"), ("yellow", "▲ 黄灯"), ("blue", "◆ 蓝灯"), ("green", "● 绿灯")):
        concerned = tuple(replace(one, light=light) for one in figures().concerned)
        assert shown in read(letter_bytes(figures(concerned=concerned), template))


def test_a_letter_about_nothing_says_so() -> None:
    assert "无" in read(letter_bytes(figures(concerned=()))).splitlines()


@pytest.mark.parametrize("template", [None, OWN], ids=["default", "own"])
def test_a_draft_says_so_on_every_page(template: bytes | None) -> None:
    document = docx.Document(io.BytesIO(letter_bytes(figures(draft=True), template)))
    assert "草稿" in document.sections[0].header.paragraphs[0].text
    final = docx.Document(io.BytesIO(letter_bytes(figures(), template)))
    assert not any("草稿" in one.text for one in final.sections[0].header.paragraphs)


HOSTILE = (
    "<w:p/>",
    "</w:t></w:r></w:p>",
    "A & B <b>\"'",
    "{{ title }}",
    "{% for x in rows %}",
    "{_{ title }_}",
    "\x00\x01\x1b[31m",
    "a\r\nb",
    "a\x0bb\x0cc",
    "\u202eevil\u202c",
    "\ud800",
    "\ufffe\uffff",
    "]]>",
    "&#0;",
    "\u2028x\u2029",
    "😀",
)


@pytest.mark.parametrize("template", [None, OWN], ids=["default", "own"])
@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(one) for one in HOSTILE])
def test_what_people_typed_comes_out_inert(text: str, template: bytes | None) -> None:
    said = line(f"前{text}后")
    values = {**figures().values, "issuer": said, "number": said}
    one = replace(figures().concerned[0], why=said, matter=said)
    body = tuple(Paragraph(text=found) for found in lines(f"前{text}后"))
    data = letter_bytes(figures(values=values, title=said, concerned=(one,), paragraphs=body), template)
    found = read(data)
    expected = said.replace("{_{", "{{").replace("}_}", "}}")
    assert found.count(expected) >= 3
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", found)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None


@given(st.text(max_size=200))
@settings(max_examples=25)
def test_no_text_breaks_the_letter(text: str) -> None:
    values = {**figures().values, "issuer": line(text)}
    data = letter_bytes(figures(values=values, title=line(text)), OWN)
    assert docx.Document(io.BytesIO(data)).paragraphs


def test_only_the_definition_makes_headings() -> None:
    found = paragraphs("一、要求\n{demand}", {"demand": "二、我的标题\n第二行"})
    assert found == (
        Paragraph(head="一、要求"),
        Paragraph(text="二、我的标题"),
        Paragraph(text="第二行"),
    )


def test_a_value_is_never_filled_again() -> None:
    assert paragraphs("{a}", {"a": "{b}", "b": "secret"}) == (Paragraph(text="{b}"),)


def test_a_template_sees_texts_and_nothing_that_could_be_called() -> None:
    found = context(figures())
    assert set(found["rows"][0]) == set(OF_ROW)
    flat = [value for row in found["rows"] + found["paragraphs"] for value in row.values()]
    flat += [value for name, value in found.items() if name not in ("rows", "paragraphs")]
    assert all(type(one) is str for one in flat)


@pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="LibreOffice is not installed: that another program opens a letter was not tried",
)
def test_an_office_opens_it(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(letter_bytes(figures()))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    subprocess.run(
        [*command, "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "letter.docx")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF")
