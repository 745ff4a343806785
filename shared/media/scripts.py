"""A script that a user gives, whatever its file: checked, and made the text that is kept."""

from shared.story.errors import BadInput
from shared.story.script.cast import find_characters
from shared.story.script.files import MAX_BYTES, ScriptFile, script_id
from shared.story.script.reading import read_script
from shared.story.script.text import read_text

FOREIGN = {
    b"PK\x03\x04": "a ZIP file, as Word and Fountain packages are",
    b"{\\rtf": "an RTF file",
    b"\xd0\xcf\x11\xe0": "a file of an old Word",
}
"""What other files of writers begin with."""


def prepare(data: bytes) -> ScriptFile:
    """Return the script in these bytes, as text; BadInput when there is none that can be used."""
    if not data:
        raise BadInput("the script is empty (0 bytes): give its scenes, as text")
    if len(data) > MAX_BYTES:
        raise BadInput(f"the script is larger than {MAX_BYTES >> 20} MiB: give a part of it")
    text = _read(data)
    script = read_script(text)
    return ScriptFile(
        id=script_id(text),
        title=script.title,
        scenes=len(script.scenes),
        characters=len(find_characters(script)),
        text=text,
    )


def _read(data: bytes) -> str:
    """Return the text of a file: its bytes decide what it is, and not its name."""
    for start, what in FOREIGN.items():
        if data.startswith(start):
            raise BadInput(f"the script is {what}: export it as Fountain, FDX, PDF or plain text")
    if data[:1024].lstrip().startswith(b"%PDF-"):
        from shared.media.pdf import read_pdf  # only where one is read: it takes its time

        return read_pdf(data)
    if data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        from shared.media.fdx import read_fdx

        return read_fdx(data)
    return read_text(data)
