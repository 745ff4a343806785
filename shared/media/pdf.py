"""The text of a PDF, as far set in on its lines as on the page; bounded in pages and letters."""

import logging
from io import BytesIO

from pypdf import PdfReader

from shared.story.errors import BadInput

MOST_PAGES = 300
MOST_LETTERS = 2_000_000

_DAMAGED = "the PDF is damaged, or made in a way that can't be read: export it again, or as FDX"
_NO_TEXT = (
    "there is no text in the PDF, only pictures of pages: export it from the program that it was "
    "written in, or give it as Fountain"
)


def read_pdf(data: bytes) -> str:
    """Return the text of all pages; BadInput where there is none, or too much."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it is loud about every flaw of a file
    try:
        text = _read(data)
    except BadInput:
        raise
    except MemoryError as error:
        raise BadInput("the PDF takes more memory than there is: give it as Fountain") from error
    except Exception as error:  # whatever hostile bytes bring a reader to
        raise BadInput(_DAMAGED) from error
    if not text.strip():
        raise BadInput(_NO_TEXT)
    return text


def _read(data: bytes) -> str:
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted:
        raise BadInput("the PDF is locked with a password: save it without one")
    if len(reader.pages) > MOST_PAGES:
        raise BadInput(f"the PDF has more than {MOST_PAGES} pages: give the part that is wanted")
    pages: list[str] = []
    for page in reader.pages:
        pages.append(page.extract_text(extraction_mode="layout"))
        if sum(map(len, pages)) > MOST_LETTERS:
            raise BadInput("the PDF holds more text than any script: give the part that is wanted")
    return "\n".join(pages)
