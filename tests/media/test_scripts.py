"""Scripts in the files that people have: what is read of them, and what is refused."""

from io import BytesIO

import pytest

from shared.media.fdx import read_fdx
from shared.media.scripts import prepare
from shared.story.errors import BadInput
from shared.story.script.files import MAX_BYTES
from shared.story.script.reading import read_script

FDX = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<FinalDraft DocumentType="Script" Template="No" Version="5">
 <Content>
  <Paragraph Number="1" Type="Scene Heading">
   <SceneProperties Length="1/8"/><Text>INT. HALL - NIGHT</Text>
  </Paragraph>
  <Paragraph Type="Action">
   <Text>Rain &amp; wind. </Text><Text Style="Bold">A door opens.</Text>
  </Paragraph>
  <Paragraph Type="Character"><Text>Ada (V.O.)</Text></Paragraph>
  <Paragraph Type="Parenthetical"><Text>(softly)</Text></Paragraph>
  <Paragraph Type="Dialogue"><Text>Who is there?</Text></Paragraph>
  <Paragraph Type="Transition"><Text>CUT TO:</Text></Paragraph>
 </Content>
 <TitlePage>
  <Content><Paragraph Type="Action"><Text>by nobody</Text></Paragraph></Content>
 </TitlePage>
</FinalDraft>"""


def make_pdf(lines: list[str], pages: int = 1) -> bytes:
    """A PDF as small as there can be, its lines in Courier at the left of their first letter."""
    shown = []
    for n, line in enumerate(lines):
        text = line.strip().replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        left = 72 + 7.2 * (len(line) - len(line.lstrip()))
        if text:
            shown.append(f"BT /F1 12 Tf {left:.1f} {720 - 12 * n} Td ({text}) Tj ET")
    stream = "\n".join(shown).encode("latin-1")
    kids = " ".join(f"{5 + n} 0 R" for n in range(pages))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {pages}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        *[page + b"/Resources<</Font<</F1 3 0 R>>>>>>" for _ in range(pages)],
    ]
    out, places = BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for n, each in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (n, each))
    start = out.tell()
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out.write(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


PAGE = [
    "INT. HALL - NIGHT",
    "",
    "Rain. A door opens.",
    "",
    "                      ADA (V.O.)",
    "          Who is",
    "          there?",
    "",
    "                      BEN",
    "          Me.",
    "",
    "1.",
]


def test_an_fdx_file_is_read_as_fountain() -> None:
    (scene,) = read_script(read_fdx(FDX.encode())).scenes
    assert (scene.place, scene.time) == ("Hall", "night")
    assert [(line.speaker, line.text) for line in scene.lines] == [
        ("", "Rain & wind. A door opens."),
        ("Ada", "Who is there?"),
    ]


def test_a_pdf_is_read_as_it_is_set() -> None:
    (scene,) = read_script(prepare(make_pdf(PAGE)).text).scenes
    assert [(line.speaker, line.text) for line in scene.lines] == [
        ("", "Rain. A door opens."),
        ("ADA", "Who is there?"),
        ("BEN", "Me."),
    ]


def test_the_same_script_has_the_same_id_whatever_its_file() -> None:
    text = "INT. HALL - DAY\n\nADA\nYes, it is I."
    one, two = prepare(text.encode()), prepare(text.encode("utf-16"))
    assert one == two and (one.scenes, one.characters) == (1, 1)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    '<FinalDraft><Content><Paragraph Type="Action"><Text>&b;</Text></Paragraph></Content>'
    "</FinalDraft>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd">'
    "<FinalDraft><Content/></FinalDraft>"
)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"", "empty"),
        (b"x" * (MAX_BYTES + 1), "larger than 5 MiB"),
        (b"PK\x03\x04rest", "ZIP file"),
        (b"{\\rtf1 hello}", "RTF file"),
        (BOMB.encode(), "declares entities"),
        (OUTSIDE.encode(), "declares entities"),
        (b"<FinalDraft><Content>", "damaged at line 1"),
        (b"<html><body>hello</body></html>", "no script of Final Draft"),
        (b"<a>" * 60_000, "nested deeper"),
        (FDX.replace("Scene Heading", "Action").encode(), "no scene headings"),
        (b"%PDF-1.4\nbroken", "PDF is damaged"),
        (make_pdf(PAGE)[:300], "PDF is damaged"),
        (make_pdf([]), "no text in the PDF"),
        (make_pdf(PAGE, pages=301), "more than 300 pages"),
    ],
)
def test_other_files_are_refused_with_what_to_do(data: bytes, advice: str) -> None:
    with pytest.raises(BadInput, match=advice):
        prepare(data)
