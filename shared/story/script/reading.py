"""Reads a script: Fountain, and the plain text and Markdown that people write instead. Pure.

One pass over the lines. What Fountain says by blank lines, other texts say by how far a line is set
in, or by a name before the speech: all of it is understood everywhere.
"""

import re
from dataclasses import dataclass, field

from shared.story.errors import BadInput
from shared.story.script.cues import (
    find_inline_names,
    is_page_mark,
    is_transition,
    is_unseen,
    read_cue,
    split_inline,
)
from shared.story.script.headings import Heading, read_heading
from shared.story.script.parts import Line, Scene, Script
from shared.story.script.text import check_text, drop_comments
from shared.story.texts import make_one_line

MOST_SCENES = 2_000
MOST_LINES = 40_000
"""A script of 120 pages has 6,000."""

_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_|_(?!\w)|\\(?=[*_])")
_ASIDE = re.compile(r"\s*\([^()]{0,300}\)")
_SECTION = re.compile(r"#{1,6}\s*")
_TITLE = re.compile(r"(Title|Título|Titre|Titel|Titolo)\s*:\s*(.*)", re.IGNORECASE)
_KEY = re.compile(r"[A-Z][\w ]{1,30}:")
_CUE_INDENT, _SPEECH_INDENT = 15, 8  # columns from which a text set in speaks by them
_LONGEST_TITLE = 120

NO_SCENES = (
    "the script has no scene headings, so its scenes can't be told apart: begin each with a line "
    "such as “INT. KITCHEN - NIGHT”, alone between blank lines (or give the text as `prompt`)"
)


def read_script(text: str) -> Script:
    """Return the scenes of a script; BadInput says what it lacks."""
    check_text(text)
    lines = drop_comments(text).split("\n")
    if len(lines) > MOST_LINES:
        raise BadInput(f"the script has more than {MOST_LINES:,} lines: give a part of it")
    title, lines = _take_title(lines)
    reader = _Reader(find_inline_names([_plain(line.strip()) for line in lines]))
    for line in lines:
        reader.read(line)
    scenes = reader.finish()
    if not scenes:
        raise BadInput(NO_SCENES)
    if len(scenes) > MOST_SCENES:
        raise BadInput(f"the script has more than {MOST_SCENES:,} scenes: give a part of it")
    if not any(scene.lines for scene in scenes):
        raise BadInput("nothing happens in the script: there are headings, and nothing below them")
    return Script(title=title or reader.title or scenes[0].place, scenes=scenes)


def read_title(text: str) -> str:
    """Return the title of a script that has been read before; cheap, whatever its length."""
    title, lines = _take_title(text[:20_000].replace("\r\n", "\n").split("\n"))
    if title:
        return title
    for line in lines:
        section = _SECTION.match(line.strip())
        heading = read_heading(line[section.end() :] if section else line)
        if heading or section or line.startswith("="):
            return heading.place if heading else _clean(line.strip("#= "))[:_LONGEST_TITLE]
    return "a script"


def _take_title(lines: list[str]) -> tuple[str, list[str]]:
    """Return the title of a title page, and the lines after it."""
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    head = lines[first].strip().lstrip("\ufeff") if lines else ""
    if not _KEY.match(head) or read_heading(head):
        return "", lines
    end = next((n for n in range(first, len(lines)) if not lines[n].strip()), len(lines))
    page = lines[first:end]
    if not all(_KEY.match(line.strip()) or line[:1] in " \t" for line in page if line.strip()):
        return "", lines  # a script that begins with a speech, as "NORA: …"
    for n, line in enumerate(page):
        if found := _TITLE.match(line.strip()):
            words = found[2] or (page[n + 1] if n + 1 < len(page) else "")
            return _clean(_plain(words.strip()))[:_LONGEST_TITLE], lines[end:]
    return "", lines if not head.lower().startswith(("author", "credit", "source")) else lines[end:]


@dataclass
class _Reader:
    """Where the reading stands: the scene, and the paragraph that is being read."""

    names: frozenset[str]
    title: str = ""
    _scenes: list[tuple[Heading, list[Line]]] = field(default_factory=list)
    _speaker: str = ""
    _unseen: bool = False
    _words: list[str] = field(default_factory=list)
    _after_gap: bool = True
    _cue: str | None = None
    _cue_indent: int = 0
    _speech_indent: int = 0

    def read(self, raw: str) -> None:
        """Take one more line."""
        line = _plain(raw.strip())
        if not line:
            self._gap(raw)
            return
        if is_page_mark(line):
            return
        if self._speaker and self._goes_on(raw, line):
            self._words.append(line)
            return
        self._begin(raw, line)
        self._after_gap = False

    def finish(self) -> tuple[Scene, ...]:
        """Return all scenes."""
        self._end_paragraph()
        return tuple(
            Scene(
                number=n,
                heading=heading.text,
                place=heading.place,
                time=heading.time,
                side=heading.side,
                lines=tuple(lines),
            )
            for n, (heading, lines) in enumerate(self._scenes, 1)
        )

    def _gap(self, raw: str) -> None:
        # two spaces keep a speech going, as Fountain has it
        if self._speaker and len(raw) >= 2 and self._cue_indent == 0:
            return
        self._end_paragraph()
        self._after_gap = True

    def _goes_on(self, raw: str, line: str) -> bool:
        """Tell whether a line belongs to the speech that is being read."""
        if read_heading(line, after_gap=False) or split_inline(line, self.names):
            return False
        indent = len(raw) - len(raw.lstrip())
        if self._cue_indent < _CUE_INDENT:
            return True
        # where texts are set in, a line that is not is action, and one as deep as a name is a name
        if not self._words and not self._speech_indent:
            self._speech_indent = indent
        is_speech = self._speech_indent < _SPEECH_INDENT or indent >= _SPEECH_INDENT
        return is_speech and not (indent >= self._cue_indent - 4 and read_cue(line))

    def _begin(self, raw: str, line: str) -> None:
        """Begin whatever this line is the first of."""
        section = _SECTION.match(line)
        if section:
            line = line[section.end() :].strip()
        heading = read_heading(line, after_gap=self._after_gap or bool(section))
        if heading:
            self._end_paragraph()
            self._scenes.append((heading, []))
            return
        if section or line.startswith("="):
            self._end_paragraph()
            self.title = self.title or _clean(line.strip("= "))[:_LONGEST_TITLE]
            return
        if line.startswith(">") or is_transition(line):
            self._direct(line)
            return
        if said := split_inline(line, self.names):
            self._end_paragraph()
            self._speaker, self._words = said[0], [said[1]]
            return
        indent = len(raw) - len(raw.lstrip())
        name = read_cue(line) if self._after_gap or indent >= _CUE_INDENT else None
        if name and not line.startswith("!"):
            self._end_paragraph()
            self._cue = self._speaker = name
            self._unseen = is_unseen(line)
            self._cue_indent, self._speech_indent = indent, 0
            return
        if self._speaker:
            self._end_paragraph()
        self._words.append(line.lstrip("!~"))

    def _direct(self, line: str) -> None:
        """Leave out a direction; words that are only centred, or quoted, are action."""
        self._end_paragraph()
        words = line.lstrip("> ").rstrip("< ")
        if line.startswith(">") and not line.endswith("<") and any(c.islower() for c in words):
            self._words.append(words)

    def _end_paragraph(self) -> None:
        words, name, unseen = " ".join(self._words), self._speaker, self._unseen
        is_cue = self._cue is not None
        self._words, self._speaker, self._unseen, self._cue = [], "", False, None
        if is_cue and not words:
            words, name = name, ""  # capitals with nothing below them were no name
        text = _clean(_ASIDE.sub("", words) if name else words)
        if text and self._scenes:
            self._scenes[-1][1].append(Line(text=text, speaker=_clean(name), unseen=unseen))


def _plain(line: str) -> str:
    """Return a line without the marks of emphasis, and of a list."""
    line = _EMPHASIS.sub("", line) if "*" in line or "_" in line else line
    return line[2:].lstrip() if line.startswith(("- ", "+ ")) else line


def _clean(text: str) -> str:
    return make_one_line(text)
