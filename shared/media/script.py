"""Tells whether a file is a script, as far as that can be told without reading it as one."""

from pathlib import Path

from shared.story.errors import BadInput
from shared.story.material import Material

MAX_BYTES = 10 << 20
_HEAD = 4096
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\v\x1a\x1c\x1e")


def read_script(path: Path) -> Material | None:
    """Return a script as it is kept; None where the bytes are no text and no PDF."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"%PDF-"):
        _refuse_size(path)
        return Material("script", "pdf")
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    if path.stat().st_size > MAX_BYTES:
        return None  # what is said of it then, is said of a damaged clip: no script is so large
    text = _decode(path.read_bytes())
    return None if text is None else Material("script", _find_form(text))


def _refuse_size(path: Path) -> None:
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"the script is larger than {MAX_BYTES >> 20} MiB: give its text alone")


def _decode(data: bytes) -> str | None:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS & set(text) or not text.strip() else text


def _find_form(text: str) -> str:
    """Return the ending for a text; refuse markup that is not Final Draft's, and entities."""
    start = text.lstrip()[:_HEAD]
    if not start.startswith("<"):
        return "txt"
    if "<FinalDraft" not in start:
        raise BadInput("the text is markup: give the script as plain text, Fountain, FDX or PDF")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadInput("the script declares entities, which are not read: export it again as FDX")
    return "fdx"
