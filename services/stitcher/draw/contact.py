"""The storyboard's contact sheet: all pictures with number, time and words, on pages to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from services.stitcher.draw.artwork import picture
from services.stitcher.draw.words import explain_unwritten, keep_writable, shorten, wrap_lines
from shared.media.fonts import font
from shared.media.probe import BadMedia
from shared.story.looks import Face
from shared.story.texts import one_line

_PAGE = (1754, 1240)  # A4 landscape at 150 dots an inch
_DPI = 150
_MARGIN, _GAP, _TITLE = 80, 36, 90
_TITLE_ROOM = _PAGE[0] - 2 * _MARGIN - 120
_COLUMNS, _ROWS = 4, 2
_PAPER, _INK, _SOFT, _EMPTY = "#ffffff", "#16181c", "#6b7078", "#e6e7ea"
_LINES = 4
_TITLE_FACE: Face = "clean-strong"
_FACE: Face = "plain"


@dataclass(frozen=True)
class Panel:
    """One beat on the sheet; without a picture its field stays empty."""

    image: Path | None
    label: str
    text: str = ""


def contact_sheet(title: str, panels: Sequence[Panel], png: Path, pdf: Path | None = None) -> int:
    """Write all pages into one tall PNG, and a PDF if wanted; gives the number of pages."""
    a_page = _COLUMNS * _ROWS
    groups = [panels[start : start + a_page] for start in range(0, max(len(panels), 1), a_page)]
    pages = [_page(title, group, n + 1, len(groups)) for n, group in enumerate(groups)]
    tall = Image.new("RGB", (_PAGE[0], _PAGE[1] * len(pages)), _PAPER)
    for number, page in enumerate(pages):
        tall.paste(page, (0, number * _PAGE[1]))
    tall.save(png, dpi=(_DPI, _DPI))
    if pdf is not None:
        pages[0].save(pdf, save_all=True, append_images=pages[1:], resolution=_DPI)
    return len(pages)


def missing_words(title: str, panels: Sequence[Panel]) -> tuple[str, ...]:
    """What the sheet should say and does not, and why."""
    lacks = [
        explain_unwritten(_TITLE_FACE, title),
        *(explain_unwritten(_FACE, panel.text) for panel in panels),
    ]
    reasons = [why for why in lacks if why]
    if not reasons:
        return ()
    return (f"the contact sheet leaves out {len(reasons)} of its texts: {reasons[0]}",)


def _page(title: str, panels: Sequence[Panel], number: int, count: int) -> Image.Image:
    page = Image.new("RGB", _PAGE, _PAPER)
    pen = ImageDraw.Draw(page)
    title = keep_writable(_TITLE_FACE, one_line(title)[:70])
    letters = font(_TITLE_FACE, 40, title)
    if letters.getlength(title) > _TITLE_ROOM:  # the page's number stands behind it
        title = shorten(title, _TITLE_ROOM, letters)
    pen.text((_MARGIN, _MARGIN), title, _INK, letters, anchor="ls")
    told = f"{number} / {count}"
    pen.text((_PAGE[0] - _MARGIN, _MARGIN), told, _SOFT, font("clean", 26), anchor="rs")
    width = (_PAGE[0] - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
    height = (_PAGE[1] - _MARGIN - _TITLE - _ROWS * _GAP) // _ROWS
    for index, panel in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        x, y = _MARGIN + column * (width + _GAP), _TITLE + _GAP + row * (height + _GAP)
        _panel(page, panel, (x, y, width, height))
    return page


def _panel(page: Image.Image, panel: Panel, box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    text = keep_writable(_FACE, panel.text)
    letters = font(_FACE, 21, text)
    words_height = 34 + _LINES * 26
    room = (width, height - words_height)
    image = _shown(panel, room)
    page.paste(image, (x + (width - image.width) // 2, y))
    pen = ImageDraw.Draw(page)
    below = y + room[1] + 12
    pen.text((x, below), panel.label, _INK, font("clean-strong", 24, panel.label))
    lines = wrap_lines(text, width, letters, break_words=True)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1]} …"]
    for row, line in enumerate(lines):
        pen.text((x, below + 34 + row * 26), line, _SOFT, letters)


def _shown(panel: Panel, room: tuple[int, int]) -> Image.Image:
    if panel.image is not None:
        try:
            return ImageOps.contain(picture(panel.image).convert("RGB"), room)
        except BadMedia:
            pass  # the empty field shows it
    return Image.new("RGB", room, _EMPTY)
