"""The end card's button: one line in a filled shape, or in a fine outline."""

from PIL import Image, ImageDraw

from services.stitcher.draw.colours import choose_ink, measure_contrast
from services.stitcher.draw.words import SetText, is_too_long, keep_writable, shorten
from shared.media.fonts import font
from shared.media.picture import Rgb
from shared.story.formats import Canvas
from shared.story.looks import Face

_SHAPE = 1.6
"""The least contrast of a button's shape with the ground it lies on."""
_SMALLEST = 12  # pixels below which nobody would take it for a button


def set_button(text: str, canvas: Canvas, face: Face, room: float) -> SetText | None:
    """Return the text on one line, shrunk to the room, and cut short where that is not enough."""
    drawn = keep_writable(face, text)
    if not drawn:
        return None  # a shape without words would be a riddle
    size = max(2, round(min(canvas.width, canvas.height) * 0.052))
    letters = font(face, size, drawn)
    while letters.getlength(drawn) > room and size > _SMALLEST:
        size = int(size * 0.9)
        letters = font(face, size, drawn)
    fits = letters.getlength(drawn) <= room
    line = drawn if fits else shorten(drawn, room, letters)
    return SetText([line], letters, size, room, fits and not is_too_long(text))


def draw_button(
    words: SetText, corner: float, fill: Rgb | None, ink: Rgb, ground: Rgb
) -> Image.Image:
    """Return the button in colours that can be told from the ground and from each other."""
    (text,), size = words.lines, words.pixels
    if fill is None:
        ink = choose_ink(ink, ground)
    else:
        # a neutral fill where the ground would swallow the style's own
        fill = fill if measure_contrast(fill, ground) >= _SHAPE else choose_ink(ground, ground)
        ink = choose_ink(ink, fill)
    width, height = round(words.letters.getlength(text) + size * 2.6), round(size * 2.3)
    image = Image.new("RGBA", (width, height))
    pen = ImageDraw.Draw(image)
    outline = None if fill else ink
    box = (1, 1, width - 2, height - 2)
    pen.rounded_rectangle(box, height * corner, fill, outline, max(2, size // 16))
    pen.text((width / 2, height / 2), text, ink, words.letters, anchor="mm")
    return image
