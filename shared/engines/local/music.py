"""Composes and synthesises a music bed of an exact length: pad, bass, plucks and light drums.

The layers come in one after another; the last bar is the first chord again, left to ring. Every
sound starts and ends at zero, so that nothing clicks.
"""

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.engines.local.scores import SCORES, Chord, Score
from shared.engines.local.styles import Mood
from shared.story.errors import BadInput

Wave: TypeAlias = NDArray[np.float32]

RATE = 48_000
LONGEST = 900.0
_SLOW = 2  # the pad has no high tones: it is made at half the rate
_PEAK, _LEVEL = 0.8, 0.11  # the most a sample may reach; the level (rms) that is aimed at
_FADE_IN = 0.8
_RELEASE = 0.02  # only against a click: whoever uses the music decides how it ends
_STEPS = 16  # to a bar

_DRUMS = {
    "none": ("", "", ""),
    "soft": ("x...............", "", "....x.......x..."),
    "steady": ("x.......x.......", "", "..x...x...x...x."),
    "driving": ("x...x...x...x...", "....x.......x...", "x.x.x.x.x.x.x.x."),
}
"""Kick, clap and shaker on the steps of a bar."""


@dataclass(frozen=True)
class _Piece:
    """The time frame of one composition, in samples."""

    score: Score
    samples: int
    bars: int

    @property
    def bar(self) -> float:
        return self.samples / self.bars

    def at(self, bar: int, step: float = 0.0) -> int:
        return round((bar + step / _STEPS) * self.bar)

    def since(self, bar: int) -> bool:
        """Whether a layer that enters at a bar is heard before the ending."""
        return bar < self.bars - 1


def compose(mood: Mood, seconds: float, seed: int, out: Path) -> None:
    """Write 48 kHz stereo WAV of exactly this length; the same seed writes the same bytes."""
    if not 0.5 <= seconds <= LONGEST:
        raise BadInput(f"music lasts 0.5 to {LONGEST:.0f} s, not {seconds} s", field="duration")
    score, chance = SCORES[mood], np.random.default_rng([seed, 31])
    samples = round(seconds * RATE)
    bars = max(1, round(seconds / (240 / score.beats_a_minute)))
    piece = _Piece(score, samples, bars)
    verse = score.verses[int(chance.integers(len(score.verses)))]
    chords = [verse[bar % len(verse)] for bar in range(bars - 1)] + [verse[0]]
    mono = _pad(piece, chords) + _bass(piece, chords)
    left, right = _echoed(mono, _plucks(piece, chords, chance))
    drums = _drums(piece, chance)
    _write(_mastered(np.stack((left + drums, right + drums), axis=1)), out)


# ── instruments ─────────────────────────────────────────────────────────────────────────────────


def _pad(piece: _Piece, chords: list[Chord]) -> Wave:
    """Held chords that swell into each other."""
    blend = int(0.35 * RATE / _SLOW)
    pad = np.zeros(piece.samples // _SLOW + blend + 2, np.float32)  # the last one swells beyond
    for bar, chord in enumerate(chords):
        start, end = piece.at(bar) // _SLOW, piece.at(bar + 1) // _SLOW + blend
        held = _held(chord, end - start, piece.score.bright)
        swell = min(blend, len(held) // 2)
        ramp = np.sin(np.linspace(0, np.pi / 2, swell, dtype=np.float32)) ** 2
        held[:swell] *= ramp
        held[-swell:] *= ramp[::-1]
        pad[start:end] += held
    twice = np.interp(np.arange(piece.samples) / _SLOW, np.arange(len(pad)), pad)
    return twice.astype(np.float32)


def _held(chord: Chord, count: int, bright: float) -> Wave:
    """Each note is two voices a little out of tune, with softer and softer overtones."""
    time = np.arange(count, dtype=np.float32) * np.float32(2 * np.pi * _SLOW / RATE)
    sound = np.zeros(count, np.float32)
    for note in chord:
        for detune in (0.9985, 1.0016):
            phase = time * np.float32(_hertz(note) * detune)
            sound += np.sin(phase)
            sound += np.float32(bright * 0.5) * np.sin(2 * phase)
            sound += np.float32(bright**2 * 0.3) * np.sin(3 * phase)
    return sound * np.float32(0.5 / len(chord))


def _bass(piece: _Piece, chords: list[Chord]) -> Wave:
    """The root (a chord's first note), twice a bar, from the second bar on."""
    bass = np.zeros(piece.samples, np.float32)
    for bar, chord in enumerate(chords):
        last = bar == len(chords) - 1
        for step in (0,) if last else (0, 10):
            if bar >= 1:
                length = piece.bar * (0.9 if last else 0.5 if step == 0 else 0.34)
                tone = _struck(chord[0] - 12, length / RATE, decay=1.6, hollow=0.35)
                _add(bass, piece.at(bar, step), tone * np.float32(piece.score.bass * 0.7))
    return bass


def _plucks(piece: _Piece, chords: list[Chord], chance: np.random.Generator) -> Wave:
    """A little melody out of the chord's own notes, from the third bar on."""
    line = np.zeros(piece.samples, np.float32)
    count, octave = piece.score.plucks, 12 * piece.score.pluck_octave
    figure = chance.integers(0, 4, 2 * count)
    for bar, chord in enumerate(chords[:-1]):
        if bar < min(2, piece.bars - 2):
            continue
        for place in range(count):
            degree = int(figure[(bar % 2) * count + place])
            note = sorted(chord)[degree % len(chord)] + octave + 12 * (degree // len(chord))
            loud = 0.17 if place % 2 else 0.24
            if chance.random() < 0.86:
                tone = _struck(note, 1.3, decay=4.5, hollow=0.2)
                _add(line, piece.at(bar, place * _STEPS / count), tone * np.float32(loud))
    closing = _struck(max(chords[-1]) + octave, 2.5, decay=1.8, hollow=0.15)
    _add(line, piece.at(piece.bars - 1), closing * np.float32(0.22))
    return line


def _drums(piece: _Piece, chance: np.random.Generator) -> Wave:
    drums = np.zeros(piece.samples, np.float32)
    kick, clap, shaker = _kick(), _noise(chance, 0.12, 34) * 0.5, _noise(chance, 0.05, 90) * 0.35
    sounds = zip(_DRUMS[piece.score.beat], (kick, clap, shaker), (0.55, 0.3, 0.22), strict=True)
    for pattern, sound, loud in sounds:
        for bar in range(3, piece.bars - 1):
            for step, hit in enumerate(pattern):
                if hit == "x":
                    _add(drums, piece.at(bar, step), sound * np.float32(loud))
    return drums


# ── single sounds ───────────────────────────────────────────────────────────────────────────────


def _hertz(note: int) -> float:
    return float(440.0 * 2 ** ((note - 69) / 12))


def _struck(note: int, seconds: float, decay: float, hollow: float) -> Wave:
    """A tone that begins at once and dies away, at zero on both ends."""
    time = np.arange(round(seconds * RATE), dtype=np.float32) / np.float32(RATE)
    phase = time * np.float32(2 * np.pi * _hertz(note))
    tone = np.sin(phase) + np.float32(hollow) * np.sin(2 * phase) * np.exp(-3 * time)
    return _eased(tone * np.exp(np.float32(-decay) * time), 0.006, 0.06)


def _kick() -> Wave:
    time = np.arange(round(0.28 * RATE), dtype=np.float32) / np.float32(RATE)
    phase = 2 * np.pi * (46 * time + 2.6 * (1 - np.exp(-26 * time)))
    return _eased(np.sin(phase) * np.exp(-13 * time), 0.002, 0.03)


def _noise(chance: np.random.Generator, seconds: float, decay: float) -> Wave:
    count = round(seconds * RATE)
    dull = np.convolve(chance.uniform(-1, 1, count + 3), (0.25, 0.5, 0.25), "valid")
    hiss = np.diff(dull).astype(np.float32) * np.float32(1.6)
    fall = np.exp(np.float32(-decay) * np.arange(count, dtype=np.float32) / np.float32(RATE))
    return _eased(hiss * fall, 0.002, 0.01)


def _eased(sound: Wave, attack: float, release: float) -> Wave:
    rise, fall = (min(round(part * RATE), len(sound) // 2) for part in (attack, release))
    eased = sound.astype(np.float32)
    eased[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    eased[len(eased) - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return eased


def _add(track: Wave, start: int, sound: Wave) -> None:
    """What would ring on beyond the end is eased out, not cut."""
    room = len(track) - start
    if room <= 0:
        return
    part = sound if len(sound) <= room else _eased(sound[:room].copy(), 0.0, 0.02)
    track[start : start + len(part)] += part


# ── the room, and the level ─────────────────────────────────────────────────────────────────────


def _echoed(mono: Wave, line: Wave) -> tuple[Wave, Wave]:
    """A room made of early echoes, different on both sides: width without any filter."""
    wet = 0.35 * mono + line
    sides = []
    for delays in ((0.031, 0.067, 0.109, 0.173), (0.037, 0.059, 0.127, 0.191)):
        side = mono + line
        for turn, delay in enumerate(delays):
            shift = round(delay * RATE)
            if shift < len(side):
                side[shift:] += np.float32(0.34 * 0.72**turn) * wet[:-shift]
        sides.append(side)
    return sides[0], sides[1]


def _mastered(sound: Wave) -> Wave:
    """Even level, soft peaks, and both ends at zero."""
    level = float(np.sqrt(np.mean(sound**2)))
    sound = sound * np.float32(_LEVEL / max(level, 1e-6))
    sound = np.tanh(sound / np.float32(_PEAK)) * np.float32(_PEAK)
    fade_in, release = (min(round(s * RATE), len(sound) // 4) for s in (_FADE_IN, _RELEASE))
    sound[:fade_in] *= (np.sin(np.linspace(0, np.pi / 2, fade_in)) ** 2).astype(np.float32)[:, None]
    sound[len(sound) - release :] *= np.linspace(1, 0, release, dtype=np.float32)[:, None]
    return sound


def _write(sound: Wave, out: Path) -> None:
    with wave.open(str(out), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(sound * 32767).astype("<i2").tobytes())
