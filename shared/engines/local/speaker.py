"""espeak-ng in a process of its own: text on stdin; on stdout a line of JSON, then 16-bit samples.

Run as a script. espeak-ng keeps state that no call of its API resets, so only the first text of a
process sounds the same every time; and what goes wrong in a C library ends this process alone.
"""

import ctypes
import json
import sys

import espeakng_loader

_NO_EXIT = 0x8000  # report an error instead of ending the process
_BY_CHARACTER = 1
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_WORD = 1
_SYNCHRONOUS = 2  # hand the samples over before the call returns, play nothing


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
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Ear:
    """Collects what espeak-ng says and when each word begins."""

    def __init__(self) -> None:
        self.sound = bytearray()
        self.words: list[tuple[int, int]] = []

    def hear(self, samples: object, count: int, events: "ctypes.Array[_Event]") -> int:
        if samples and count:
            self.sound += ctypes.string_at(samples, count * 2)  # type: ignore[arg-type]
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == _WORD:
                self.words.append((event.text_position - 1, event.sample))
            index += 1
        return 0


def _spoken(text: str, voice: str, settings: tuple[int, int, int]) -> tuple[int, _Ear]:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT)
    if rate <= 0:
        raise SystemExit("espeak-ng does not start")
    ear = _Ear()
    callback = _Callback(ear.hear)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice {voice!r}")
    for parameter, value in zip((_RATE, _PITCH, _RANGE), settings, strict=True):
        library.espeak_SetParameter(parameter, value, 0)
    said = text.encode()
    library.espeak_Synth(said, len(said) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
    return rate, ear


def main(voice: str, rate: str, pitch: str, pitch_range: str) -> None:
    text = sys.stdin.buffer.read().decode()
    hertz, ear = _spoken(text, voice, (int(rate), int(pitch), int(pitch_range)))
    head = json.dumps({"rate": hertz, "words": ear.words}).encode()
    sys.stdout.buffer.write(head + b"\n" + bytes(ear.sound))


if __name__ == "__main__":
    main(*sys.argv[1:])
