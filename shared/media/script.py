"""Tells whether a file is a script, as far as that can be told without reading it as one."""

from pathlib import Path

from shared.media.scripts import FOREIGN
from shared.story.script.files import MAX_BYTES

_HEAD = 4096
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\v\x1a\x1c\x1e")


def is_script(path: Path) -> bool:
    """Tell whether the bytes are text, a PDF, or another file of writers, which is refused."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.lstrip().startswith((b"%PDF-", *FOREIGN)):
        return True
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    # what is said of a larger one is said of a damaged clip: no script is so large
    return path.stat().st_size <= 2 * MAX_BYTES and _is_text(path.read_bytes())


def _is_text(data: bytes) -> bool:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return bool(text.strip()) and not _CONTROLS & set(text)
