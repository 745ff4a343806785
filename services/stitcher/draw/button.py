"""The end card's button: one line in a filled shape, or in a fine outline."""

from PIL import Image, ImageDraw

from services.stitcher.draw.colours import contrast, legible
from services.stitcher.draw.words import SetText, shorten
from shared.media.fonts import font
from shared.media.picture import Rgb
from shared.story.formats import Canvas
from shared.story.looks import Face

_SHAPE = 1.6
"""The least contrast of a button's shape with the ground it lies on."""
_SMALLEST = 12  # pixels below which nobody would take it for a button


def set_button(text: str, canvas: Canvas, face: Face, room: float) -> SetText:
    """Return the text on one line, shrunk to the room, and cut short where that is not enough."""
    size = max(2, round(min(canvas.width, canvas.height) * 0.052))
    letters = font(face, size, text)
    while letters.getlength(text) > room and size > _SMALLEST:
        size = int(size * 0.9)
        letters = font(face, size, text)
    whole = letters.getlength(text) <= room
    line = text if whole else shorten(text, room, letters)
    return SetText([line], letters, size, room, whole)


def draw_button(
    words: SetText, corner: float, fill: Rgb | None, ink: Rgb, ground: Rgb
) -> Image.Image:
    """Return the button in colours that can be told from the ground and from each other."""
    (text,), size = words.lines, words.pixels
    if fill is None:
        ink = legible(ink, ground)
    else:
        # a neutral fill where the ground would swallow the style's own
        fill = fill if contrast(fill, ground) >= _SHAPE else legible(ground, ground)
        ink = legible(ink, fill)
    width, height = round(words.letters.getlength(text) + size * 2.6), round(size * 2.3)
    image = Image.new("RGBA", (width, height))
    pen = ImageDraw.Draw(image)
    outline = None if fill else ink
    box = (1, 1, width - 2, height - 2)
    pen.rounded_rectangle(box, height * corner, fill, outline, max(2, size // 16))
    pen.text((width / 2, height / 2), text, ink, words.letters, anchor="mm")
    return image
