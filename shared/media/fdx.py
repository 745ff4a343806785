"""Final Draft's files as Fountain: XML without entities, read paragraph by paragraph."""

from xml.parsers import expat

from shared.story.errors import BadInput

MOST_PARAGRAPHS = 100_000
_DEEPEST = 50

_BEFORE = {
    "Scene Heading": "\n.",
    "Action": "\n!",
    "General": "\n!",
    "Shot": "\n!",
    "Character": "\n@",
    "Parenthetical": "",
    "Dialogue": "",
}
"""Kind of paragraph → how Fountain marks it. Others say nothing that a trailer needs."""


def read_fdx(data: bytes) -> str:
    """Return the script as Fountain; BadInput for what is no script of Final Draft."""
    reader = _Reader()
    parser = expat.ParserCreate()
    # a document type is where entities are declared: no file of Final Draft has one
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadInput(
            f"the FDX file is damaged at line {error.lineno}: export it again from Final Draft"
        ) from error
    if not reader.is_script:
        raise BadInput("this XML is no script of Final Draft: give an .fdx file, or Fountain")
    return "\n".join(reader.lines)


def _refuse_doctype(*_: object) -> None:
    raise BadInput("the FDX file declares entities, which are not read: export it again")


class _Reader:
    """Collects the text of each paragraph of the content."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_script = False
        self._path: list[str] = []
        self._kind = ""
        self._text: list[str] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise BadInput("the FDX file is nested deeper than any script: export it again")
        if name == "FinalDraft" and len(self._path) == 1:
            self.is_script = True
        if name == "Paragraph":
            self._kind, self._text = attributes.get("Type", "Action"), []

    def end(self, name: str) -> None:
        self._path.pop()
        # the same elements also stand on the title page and in notes
        if name == "Paragraph" and self._path[:2] == ["FinalDraft", "Content"]:
            text = " ".join("".join(self._text).split())
            if text and self._kind in _BEFORE:
                self.lines.append(f"{_BEFORE[self._kind]}{text}")
            if len(self.lines) > MOST_PARAGRAPHS:
                raise BadInput(f"the script has more than {MOST_PARAGRAPHS:,} paragraphs")

    def add(self, text: str) -> None:
        if self._path and self._path[-1] == "Text":
            self._text.append(text)
