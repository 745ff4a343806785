"""The storyboard's contact sheet: all pictures with number, time and words, on pages to print."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from services.stitcher.draw.artwork import open_picture
from services.stitcher.draw.words import explain_unwritten, keep_writable, shorten, wrap_lines
from shared.media.fonts import font
from shared.media.probe import BadMedia
from shared.story.looks import Face
from shared.story.texts import make_one_line

_PAGE = (1754, 1240)  # A4 landscape at 150 dots an inch
_DPI = 150
_MARGIN, _GAP, _TITLE = 80, 36, 90
_TITLE_ROOM = _PAGE[0] - 2 * _MARGIN - 120
_COLUMNS, _ROWS = 4, 2
_PAPER, _INK, _SOFT, _EMPTY = "#ffffff", "#16181c", "#6b7078", "#e6e7ea"
_LINES = 4  # of a panel's text: who wants all of it has the plan
_TITLE_LETTERS = 70
_TITLE_FACE: Face = "clean-strong"
_FACE: Face = "plain"


@dataclass(frozen=True)
class Panel:
    """One beat on the sheet; without a picture its field stays empty."""

    image: Path | None
    label: str
    text: str = ""


def draw_contact_sheet(
    title: str, panels: Sequence[Panel], png: Path, pdf: Path | None = None
) -> int:
    """Write all pages into one tall PNG, and a PDF if wanted; return the number of pages."""
    a_page = _COLUMNS * _ROWS
    # a sheet without panels still has a page, with its title
    groups = [panels[start : start + a_page] for start in range(0, max(len(panels), 1), a_page)]
    pages = [_draw_page(title, group, n + 1, len(groups)) for n, group in enumerate(groups)]
    tall = Image.new("RGB", (_PAGE[0], _PAGE[1] * len(pages)), _PAPER)
    for number, page in enumerate(pages):
        tall.paste(page, (0, number * _PAGE[1]))
    tall.save(png, dpi=(_DPI, _DPI))
    if pdf is not None:
        pages[0].save(pdf, save_all=True, append_images=pages[1:], resolution=_DPI)
    return len(pages)


def find_missing_words(title: str, panels: Sequence[Panel]) -> tuple[str, ...]:
    """Return what the sheet should say and does not, and why."""
    texts = [(_TITLE_FACE, title), *((_FACE, panel.text) for panel in panels)]
    reasons = [why for face, text in texts if (why := explain_unwritten(face, text))]
    if not reasons:
        return ()
    # one note for all: a story in a script that no font has would give one a beat
    return (f"the contact sheet leaves out {len(reasons)} of its texts: {reasons[0]}",)


def _draw_page(title: str, panels: Sequence[Panel], number: int, count: int) -> Image.Image:
    page = Image.new("RGB", _PAGE, _PAPER)
    _write_head(ImageDraw.Draw(page), title, f"{number} / {count}")
    width = (_PAGE[0] - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
    height = (_PAGE[1] - _MARGIN - _TITLE - _ROWS * _GAP) // _ROWS
    for index, panel in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        x, y = _MARGIN + column * (width + _GAP), _TITLE + _GAP + row * (height + _GAP)
        _draw_panel(page, panel, (x, y, width, height))
    return page


def _write_head(pen: ImageDraw.ImageDraw, title: str, number: str) -> None:
    text = keep_writable(_TITLE_FACE, make_one_line(title)[:_TITLE_LETTERS])
    letters = font(_TITLE_FACE, 40, text)
    if letters.getlength(text) > _TITLE_ROOM:  # the page's number stands behind it
        text = shorten(text, _TITLE_ROOM, letters)
    pen.text((_MARGIN, _MARGIN), text, _INK, letters, anchor="ls")
    pen.text((_PAGE[0] - _MARGIN, _MARGIN), number, _SOFT, font("clean", 26), anchor="rs")


def _draw_panel(page: Image.Image, panel: Panel, box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    room = (width, height - 34 - _LINES * 26)
    image = _open_or_empty(panel, room)
    page.paste(image, (x + (width - image.width) // 2, y))
    pen = ImageDraw.Draw(page)
    below = y + room[1] + 12
    pen.text((x, below), panel.label, _INK, font("clean-strong", 24, panel.label))
    text = keep_writable(_FACE, panel.text)
    letters = font(_FACE, 21, text)
    # a word wider than the panel would run into the next one
    lines = wrap_lines(text, width, letters, break_words=True)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1]} …"]
    for row, line in enumerate(lines):
        pen.text((x, below + 34 + row * 26), line, _SOFT, letters)


def _open_or_empty(panel: Panel, room: tuple[int, int]) -> Image.Image:
    """Return the panel's picture, or an empty field, which shows that there is none."""
    if panel.image is not None:
        with suppress(BadMedia):
            return ImageOps.contain(open_picture(panel.image).convert("RGB"), room)
    return Image.new("RGB", room, _EMPTY)
