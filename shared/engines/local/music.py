"""Composes and synthesises a music bed of an exact length: pad, bass, plucks and light drums.

The layers come in one after another. The last bar is the first chord again, left to ring. Every
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
_SLOW = 2  # the pad has no high tones: made at half the rate, it takes half the time
_PEAK, _LEVEL = 0.8, 0.11  # the most a sample may reach; the level (rms) to aim at
_FADE_IN = 0.8
_RELEASE = 0.02  # only against a click: whoever uses the music decides how it ends
_STEPS = 16  # to a bar

# Kick, clap and shaker on the steps of a bar.
_DRUMS = {
    "none": ("", "", ""),
    "soft": ("x...............", "", "....x.......x..."),
    "steady": ("x.......x.......", "", "..x...x...x...x."),
    "driving": ("x...x...x...x...", "....x.......x...", "x.x.x.x.x.x.x.x."),
}


@dataclass(frozen=True)
class _Song:
    """One composition: its score, its length in samples, and its number of bars."""

    score: Score
    samples: int
    bars: int

    @property
    def bar(self) -> float:
        """Return the length of a bar in samples, which need not be a whole number."""
        return self.samples / self.bars

    def at(self, bar: int, step: float = 0.0) -> int:
        """Return the sample at which a step of a bar begins."""
        return round((bar + step / _STEPS) * self.bar)


def compose(mood: Mood, seconds: float, seed: int, out: Path, take: int = 0) -> None:
    """Write 48 kHz stereo WAV of exactly this length; the same seed and take, the same bytes."""
    if not 0.5 <= seconds <= LONGEST:
        raise BadInput(f"music lasts 0.5 to {LONGEST:.0f} s, not {seconds} s", field="duration")
    score, rng = SCORES[mood], np.random.default_rng([seed, 31, take])
    samples = round(seconds * RATE)
    # The tempo gives way, not the length: the bars are made to fill the video exactly.
    bars = max(1, round(seconds / (240 / score.beats_a_minute)))
    song = _Song(score, samples, bars)
    verse = score.verses[int(rng.integers(len(score.verses)))]
    chords = [verse[bar % len(verse)] for bar in range(bars - 1)] + [verse[0]]
    mono = _play_pad(song, chords) + _play_bass(song, chords)
    left, right = _add_echoes(mono, _play_plucks(song, chords, rng))
    drums = _play_drums(song, rng)
    _write(_set_level(np.stack((left + drums, right + drums), axis=1)), out)


# ── instruments ─────────────────────────────────────────────────────────────────────────────────


def _play_pad(song: _Song, chords: list[Chord]) -> Wave:
    """Return long chords that swell into each other."""
    blend = int(0.35 * RATE / _SLOW)
    # Longer than the song, because the last chord fades out beyond its end.
    pad = np.zeros(song.samples // _SLOW + blend + 2, np.float32)
    for bar, chord in enumerate(chords):
        start, end = song.at(bar) // _SLOW, song.at(bar + 1) // _SLOW + blend
        tone = _hold_chord(chord, end - start, song.score.bright)
        swell = min(blend, len(tone) // 2)
        ramp = np.sin(np.linspace(0, np.pi / 2, swell, dtype=np.float32)) ** 2
        # A squared sine and its mirror add up to one: the level stays even where chords cross.
        tone[:swell] *= ramp
        tone[-swell:] *= ramp[::-1]
        pad[start:end] += tone
    full_rate = np.interp(np.arange(song.samples) / _SLOW, np.arange(len(pad)), pad)
    return full_rate.astype(np.float32)


def _hold_chord(chord: Chord, count: int, bright: float) -> Wave:
    """Return a chord that sounds evenly."""
    time = np.arange(count, dtype=np.float32) * np.float32(2 * np.pi * _SLOW / RATE)
    sound = np.zeros(count, np.float32)
    for note in chord:
        # Two voices a little out of tune beat against each other, which sounds warm, not electric.
        for detune in (0.9985, 1.0016):
            phase = time * np.float32(_frequency(note) * detune)
            sound += np.sin(phase)
            sound += np.float32(bright * 0.5) * np.sin(2 * phase)
            sound += np.float32(bright**2 * 0.3) * np.sin(3 * phase)
    return sound * np.float32(0.5 / len(chord))


def _play_bass(song: _Song, chords: list[Chord]) -> Wave:
    """Return the root of each chord (its first note), twice a bar, from the second bar on."""
    bass = np.zeros(song.samples, np.float32)
    for bar, chord in enumerate(chords):
        last = bar == len(chords) - 1
        for step in (0,) if last else (0, 10):
            if bar >= 1:
                length = song.bar * (0.9 if last else 0.5 if step == 0 else 0.34)
                tone = _pluck(chord[0] - 12, length / RATE, decay=1.6, hollow=0.35)
                _add(bass, song.at(bar, step), tone * np.float32(song.score.bass * 0.7))
    return bass


def _play_plucks(song: _Song, chords: list[Chord], rng: np.random.Generator) -> Wave:
    """Return a little melody from the chords' own notes, from the third bar on."""
    line = np.zeros(song.samples, np.float32)
    count, octave = song.score.plucks, 12 * song.score.pluck_octave
    # Drawn once for two bars: a melody that comes back is one; ever new notes are noise.
    tune = rng.integers(0, 4, 2 * count)
    for bar, chord in enumerate(chords[:-1]):
        if bar < min(2, song.bars - 2):
            continue
        for place in range(count):
            degree = int(tune[(bar % 2) * count + place])
            note = sorted(chord)[degree % len(chord)] + octave + 12 * (degree // len(chord))
            loud = 0.17 if place % 2 else 0.24
            if rng.random() < 0.86:  # a few are left out: a melody needs rests
                tone = _pluck(note, 1.3, decay=4.5, hollow=0.2)
                _add(line, song.at(bar, place * _STEPS / count), tone * np.float32(loud))
    closing = _pluck(max(chords[-1]) + octave, 2.5, decay=1.8, hollow=0.15)
    _add(line, song.at(song.bars - 1), closing * np.float32(0.22))
    return line


def _play_drums(song: _Song, rng: np.random.Generator) -> Wave:
    """Return the drums, from the fourth bar on and not in the last one."""
    drums = np.zeros(song.samples, np.float32)
    clap, shaker = _make_noise(rng, 0.12, 34) * 0.5, _make_noise(rng, 0.05, 90) * 0.35
    kit = (_make_kick(), clap, shaker)
    sounds = zip(_DRUMS[song.score.beat], kit, (0.55, 0.3, 0.22), strict=True)
    for pattern, sound, loud in sounds:
        for bar in range(3, song.bars - 1):
            for step, hit in enumerate(pattern):
                if hit == "x":
                    _add(drums, song.at(bar, step), sound * np.float32(loud))
    return drums


# ── single sounds ───────────────────────────────────────────────────────────────────────────────


def _frequency(note: int) -> float:
    """Return the hertz of a MIDI note."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def _pluck(note: int, seconds: float, decay: float, hollow: float) -> Wave:
    """Return a tone that begins at once and dies away."""
    time = np.arange(round(seconds * RATE), dtype=np.float32) / np.float32(RATE)
    phase = time * np.float32(2 * np.pi * _frequency(note))
    tone = np.sin(phase) + np.float32(hollow) * np.sin(2 * phase) * np.exp(-3 * time)
    return _ease(tone * np.exp(np.float32(-decay) * time), 0.006, 0.06)


def _make_kick() -> Wave:
    """Return a bass drum: a tone whose pitch falls within a few hundredths of a second."""
    time = np.arange(round(0.28 * RATE), dtype=np.float32) / np.float32(RATE)
    phase = 2 * np.pi * (46 * time + 2.6 * (1 - np.exp(-26 * time)))
    return _ease(np.sin(phase) * np.exp(-13 * time), 0.002, 0.03)


def _make_noise(rng: np.random.Generator, seconds: float, decay: float) -> Wave:
    """Return noise without the lowest and the highest tones, which dies away."""
    count = round(seconds * RATE)
    dull = np.convolve(rng.uniform(-1, 1, count + 3), (0.25, 0.5, 0.25), "valid")
    hiss = np.diff(dull).astype(np.float32) * np.float32(1.6)
    fall = np.exp(np.float32(-decay) * np.arange(count, dtype=np.float32) / np.float32(RATE))
    return _ease(hiss * fall, 0.002, 0.01)


def _ease(sound: Wave, attack: float, release: float) -> Wave:
    """Return the sound with its start and its end brought to zero over these seconds."""
    rise, fall = (min(round(part * RATE), len(sound) // 2) for part in (attack, release))
    out = sound.astype(np.float32)
    out[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    out[len(out) - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return out


def _add(track: Wave, start: int, sound: Wave) -> None:
    """Add a sound to the track from this sample on."""
    room = len(track) - start
    if room <= 0:
        return
    # A sound that would ring on beyond the end is faded out there, because a cut would click.
    part = sound if len(sound) <= room else _ease(sound[:room].copy(), 0.0, 0.02)
    track[start : start + len(part)] += part


# ── the room, and the level ─────────────────────────────────────────────────────────────────────


def _add_echoes(mono: Wave, line: Wave) -> tuple[Wave, Wave]:
    """Return left and right: the sound with early echoes, as in a room."""
    wet = 0.35 * mono + line
    # Other delays on each side make the sound wide. None is a multiple of another one: such echoes
    # would add up and ring.
    sides = []
    for delays in ((0.031, 0.067, 0.109, 0.173), (0.037, 0.059, 0.127, 0.191)):
        side = mono + line
        for turn, delay in enumerate(delays):
            shift = round(delay * RATE)
            if shift < len(side):
                side[shift:] += np.float32(0.34 * 0.72**turn) * wet[:-shift]
        sides.append(side)
    return sides[0], sides[1]


def _set_level(sound: Wave) -> Wave:
    """Return the sound at an even level, with soft peaks, and at zero on both ends."""
    level = float(np.sqrt(np.mean(sound**2)))
    sound = sound * np.float32(_LEVEL / max(level, 1e-6))
    # Bends peaks softly below the limit; cut off flat, they would crackle.
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
