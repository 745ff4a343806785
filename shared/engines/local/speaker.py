"""espeak-ng in a process of its own: text on stdin; on stdout a line of JSON, then 16-bit samples.

A word comes with its place in the text, its letters, the sample where it begins, and its phonemes.

Run as a script, a new process for each text. espeak-ng keeps state that no call of its API resets,
so only the first text of a process sounds the same every time. And a crash in the C library ends
this process only.
"""

import ctypes
import json
import sys
from typing import NamedTuple

import espeakng_loader

# Constants of speak_lib.h.
_NO_EXIT = 0x8000  # report an error instead of ending the process
_PHONEME_EVENTS = 0x3  # for each phoneme its name, in IPA
_BY_CHARACTER = 1
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_WORD, _PHONEME = 1, 7
_SYNCHRONOUS = 2  # give the samples to a callback before the call returns; play nothing


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_ubyte * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Word(NamedTuple):
    place: int
    letters: int
    sample: int
    sounds: str


class _Recording:
    """The samples that espeak-ng made, and for each word where it is and how it sounds."""

    def __init__(self) -> None:
        self.sound = bytearray()
        self.words: list[_Word] = []

    def receive(self, samples: object, count: int, events: "ctypes.Array[_Event]") -> int:
        """Keep a block of samples and the words that begin in it; return 0, which says: go on."""
        if samples and count:
            self.sound += ctypes.string_at(samples, count * 2)  # type: ignore[arg-type]
        index = 0
        while events[index].type:  # the list ends with an event of type 0
            event = events[index]
            if event.type == _WORD:
                self.words.append(_Word(event.text_position - 1, event.length, event.sample, ""))
            elif event.type == _PHONEME and self.words:
                name = bytes(event.id).split(b"\0")[0].decode(errors="replace")
                self.words[-1] = self.words[-1]._replace(sounds=self.words[-1].sounds + name)
            index += 1
        return 0


def _speak(text: str, voice: str, settings: tuple[int, int, int]) -> tuple[int, _Recording]:
    """Return the sample rate and the recording of a text."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT | _PHONEME_EVENTS)
    if rate <= 0:
        raise SystemExit("espeak-ng does not start")
    recording = _Recording()
    # In a variable, because ctypes does not hold it: without one, it would be freed while in use.
    callback = _Callback(recording.receive)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice {voice!r}")
    for parameter, value in zip((_RATE, _PITCH, _RANGE), settings, strict=True):
        library.espeak_SetParameter(parameter, value, 0)
    spoken = text.encode()
    library.espeak_Synth(spoken, len(spoken) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
    return rate, recording


def main(voice: str, rate: str, pitch: str, pitch_range: str) -> None:
    text = sys.stdin.buffer.read().decode()
    hertz, recording = _speak(text, voice, (int(rate), int(pitch), int(pitch_range)))
    head = json.dumps({"rate": hertz, "words": recording.words}).encode()
    sys.stdout.buffer.write(head + b"\n" + bytes(recording.sound))


if __name__ == "__main__":
    main(*sys.argv[1:])
