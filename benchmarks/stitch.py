"""The stitcher against MoviePy, ffmpeg's xfade and a plain copy, on the same files in one run.

Six clips of 5 s at 1080x1920 with 0.5-s cross-fades, four voices and a music bed. Each method runs
in a process of its own that has loaded its libraries before the clock starts; ffmpeg's start is
some 30 ms of its time. Peers use our preset, quality and two threads, and one loudness-blind mix.

What is compared: the cut of conformed clips (ours with its whole sound mix); hard cuts with sound
mixed before, where a copy by ffmpeg is the floor; and the honest whole: conforming all raw clips,
two at a time as the service does, and cutting them, against MoviePy on the raw clips.
"""

import multiprocessing
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import av
import imageio_ffmpeg

from benchmarks.stitch_inputs import CLIP_SECONDS, CLIPS, VOICE_SECONDS, Inputs, make_inputs
from benchmarks.stitch_runs import Measured, measured
from services.stitcher.draw.transitions import Transition
from services.stitcher.encode.conform import ConformSpec, conform
from services.stitcher.encode.cut import CutSpec, cut
from services.stitcher.encode.join import Segment, Timeline
from services.stitcher.encode.mix import MixSpec, PlacedVoice, mix
from services.stitcher.voicefit import fit_voice
from shared.base.worker import share_one_heap
from shared.media.encode import TICKS_A_FRAME
from shared.media.lastframe import last_frame
from shared.media.verify import Expectations, report
from shared.story.formats import FPS, canvas

FADE = 15
"""Frames of a cross-fade."""
FRAMES = CLIP_SECONDS * FPS
STEP = CLIP_SECONDS - FADE / FPS
VOICE_EVERY = 6.5
REPEATS = 3
"""Of the quick methods; the median counts."""
PRESET, CRF, THREADS = "superfast", "20", 2

SIZE = canvas("9:16", "full")


class Wrong(Exception):
    """An output is not what it should be: there is no figure."""


# ── ours ────────────────────────────────────────────────────────────────────────────────────────


def _segment(folder: Path, number: int) -> Path:
    return folder / f"segment-{number}.mp4"


def conform_one(source: Path, folder: Path, number: int) -> None:
    """One raw clip to a segment, keyframes where cross-fades begin and end."""
    head, tail = (FADE if number else 0), (FADE if number < CLIPS - 1 else 0)
    out = _segment(folder, number)
    conform(ConformSpec(out, SIZE, FRAMES, source, head=head, tail=tail))


def timeline(folder: Path, fades: bool) -> Timeline:
    segments = tuple(Segment(_segment(folder, n), FRAMES) for n in range(CLIPS))
    joint = Transition("fade", FADE) if fades else None
    return Timeline(SIZE, segments, (joint,) * (CLIPS - 1))


def our_sound(inputs: Inputs, folder: Path, frames: int) -> MixSpec:
    voices = []
    for number, path in enumerate(inputs.voices):
        fit = fit_voice(VOICE_SECONDS, (), VOICE_EVERY)
        voices.append(PlacedVoice(path, number * VOICE_EVERY, fit))
    return MixSpec(folder / "sound.m4a", frames, tuple(voices), inputs.music)


def our_cut(inputs: Inputs, folder: Path) -> None:
    """Cross-fades and the whole mix."""
    line = timeline(folder, fades=True)
    cut(CutSpec(folder, line, our_sound(inputs, folder, line.frames)))


def our_hard_cut(inputs: Inputs, folder: Path) -> None:
    cut(CutSpec(folder, timeline(folder, fades=False), folder / "premixed.m4a"))


def our_last_clip(inputs: Inputs, folder: Path) -> None:
    """What is left to do when the last clip arrives."""
    conform_one(inputs.clips[-1], folder, CLIPS - 1)
    our_cut(inputs, folder)


def our_last_frame(inputs: Inputs, folder: Path) -> None:
    """What the next chunk waits for: the last picture of a raw clip, which is one long GOP."""
    last_frame(inputs.clips[0], folder / "last.png")


def our_last_frame_conformed(inputs: Inputs, folder: Path) -> None:
    last_frame(_segment(folder, 0), folder / "last.png")


def our_whole(inputs: Inputs, folder: Path) -> None:
    """From raw clips, two at a time."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, share_one_heap) as pool:
        tasks = [pool.submit(conform_one, c, folder, n) for n, c in enumerate(inputs.clips)]
        for task in tasks:
            task.result()
    our_cut(inputs, folder)


# ── the others ──────────────────────────────────────────────────────────────────────────────────


def _ffmpeg(*arguments: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *arguments]
    subprocess.run(command, check=True, timeout=600)


def ffmpeg_copy(inputs: Inputs, folder: Path) -> None:
    """The floor: nothing is decoded, the sound is ready."""
    listing = folder / "list.txt"
    listing.write_text("".join(f"file '{_segment(folder, n)}'\n" for n in range(CLIPS)), "utf-8")
    source = ("-f", "concat", "-safe", "0", "-i", str(listing), "-i", str(folder / "premixed.m4a"))
    _ffmpeg(*source, "-c", "copy", "-movflags", "+faststart", str(folder / "copy.mp4"))


def ffmpeg_xfade(inputs: Inputs, folder: Path) -> None:
    sources = [*(_segment(folder, n) for n in range(CLIPS)), *inputs.voices, inputs.music]
    _ffmpeg(
        *(part for path in sources for part in ("-i", str(path))),
        "-filter_complex", f"{_xfades()};{_amix(len(inputs.voices))}",
        "-map", "[picture]", "-map", "[sound]", "-t", str(_seconds()),
        "-c:v", "libx264", "-preset", PRESET, "-crf", CRF, "-threads", str(THREADS),
        "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", str(folder / "xfade.mp4"),
    )  # fmt: skip


def _seconds() -> float:
    return STEP * CLIPS + FADE / FPS


def _xfades() -> str:
    steps, last = [], "0:v"
    for number in range(1, CLIPS):
        out = "picture" if number == CLIPS - 1 else f"v{number}"
        fade = f"xfade=transition=fade:duration={FADE / FPS}:offset={number * STEP}"
        steps.append(f"[{last}][{number}:v]{fade}[{out}]")
        last = out
    return ";".join(steps)


def _amix(voices: int) -> str:
    delayed = [
        f"[{CLIPS + n}:a]adelay={round(n * VOICE_EVERY * 1000)}:all=1[a{n}]" for n in range(voices)
    ]
    names = "".join(f"[a{n}]" for n in range(voices))
    bed = f"[{CLIPS + voices}:a]volume=0.2[bed]"
    return ";".join([*delayed, bed, f"{names}[bed]amix=inputs={voices + 1}:normalize=0[sound]"])


def moviepy_conformed(inputs: Inputs, folder: Path) -> None:
    clips = [_segment(folder, n) for n in range(CLIPS)]
    _moviepy(clips, inputs, folder / "moviepy.mp4")


def moviepy_raw(inputs: Inputs, folder: Path) -> None:
    _moviepy(inputs.clips, inputs, folder / "moviepy-raw.mp4")


def _moviepy(paths: Sequence[Path], inputs: Inputs, out: Path) -> None:
    """As its documentation says: compose with negative padding, cross-fade in."""
    from moviepy import AudioFileClip, CompositeAudioClip, VideoFileClip, afx, vfx
    from moviepy import concatenate_videoclips as concatenate

    clips = [VideoFileClip(str(path)) for path in paths]
    faded = [clips[0], *(c.with_effects([vfx.CrossFadeIn(FADE / FPS)]) for c in clips[1:])]
    video = concatenate(faded, method="compose", padding=-FADE / FPS)
    voices = [
        AudioFileClip(str(path)).with_start(number * VOICE_EVERY)
        for number, path in enumerate(inputs.voices)
    ]
    bed = AudioFileClip(str(inputs.music)).subclipped(0, video.duration)
    sound = CompositeAudioClip([*voices, bed.with_effects([afx.MultiplyVolume(0.2)])])
    video.with_audio(sound.subclipped(0, video.duration)).write_videofile(
        str(out), fps=FPS, codec="libx264", preset=PRESET, threads=THREADS,
        audio_codec="aac", ffmpeg_params=["-crf", CRF], logger=None,
    )  # fmt: skip


# ── judging ─────────────────────────────────────────────────────────────────────────────────────


def bodies_bitexact(folder: Path) -> bool:
    """Whether every packet outside the cross-fades is the segment's own, byte for byte."""
    joined, line = _packets(folder / "video.mp4"), timeline(folder, fades=True)
    return all(
        joined[number * (FRAMES - FADE) + frame] == data
        for number in range(CLIPS)
        for frame, data in _packets(_segment(folder, number)).items()
        if line.head(number) <= frame < FRAMES - line.tail(number)
    )


def _packets(path: Path) -> dict[int, bytes]:
    """The bytes of each shown frame."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return {(packet.pts or 0) // TICKS_A_FRAME: bytes(packet) for packet in packets}


def _made_apart(folder: Path) -> Inputs:
    """The inputs, made in another process: ours must stay small.

    Linux counts the memory of the process that starts a child into the child's own peak.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(make_inputs, folder, SIZE).result(timeout=600)


def _checked(path: Path, frames: int) -> None:
    found = report(path, Expectations(frames, SIZE, True))
    if not found.ok:
        raise Wrong("\n".join(found.lines()))


def main() -> None:
    """Make the inputs, run every method, print a table and the figure."""
    with tempfile.TemporaryDirectory(prefix="storywave-stitch-") as name:
        folder = Path(name)
        inputs = _made_apart(folder)
        whole = measured(our_whole, inputs, folder)
        _checked(folder / "video.mp4", CLIPS * FRAMES - (CLIPS - 1) * FADE)
        ours = measured(our_cut, inputs, folder, REPEATS)
        exact = bodies_bitexact(folder)
        last = measured(our_last_clip, inputs, folder)
        frame, frame_conformed = (
            measured(m, inputs, folder, REPEATS) for m in (our_last_frame, our_last_frame_conformed)
        )
        mix(our_sound(inputs, folder, CLIPS * FRAMES)).path.rename(folder / "premixed.m4a")
        hard = measured(our_hard_cut, inputs, folder, REPEATS)
        _checked(folder / "video.mp4", CLIPS * FRAMES)
        floor = measured(ffmpeg_copy, inputs, folder, REPEATS)
        xfade = measured(ffmpeg_xfade, inputs, folder)
        conformed, raw = (measured(m, inputs, folder) for m in (moviepy_conformed, moviepy_raw))
    _table(
        [
            ("storywave: cross-fades and mix", ours, ours),
            ("ffmpeg xfade, same preset", xfade, ours),
            ("MoviePy, same preset", conformed, ours),
            ("storywave: hard cuts", hard, floor),
            ("ffmpeg concat copy (the floor)", floor, floor),
            ("storywave: all from raw clips", whole, whole),
            ("MoviePy from raw clips", raw, whole),
            ("storywave: after the last clip", last, ours),
            ("last frame of a raw clip", frame, frame),
            ("last frame of a conformed clip", frame_conformed, frame),
        ]
    )
    peak = max(m.peak_mib for m in (whole, ours, last, hard))
    print(
        f"FIGURE stitch vs_moviepy={conformed.seconds / ours.seconds:.1f}"
        f" vs_ffmpeg={xfade.seconds / ours.seconds:.1f}"
        f" hardcut_vs_copy={hard.seconds / floor.seconds:.2f}"
        f" whole_vs_moviepy={raw.seconds / whole.seconds:.1f}"
        f" last_clip_s={last.seconds:.1f}"
        f" last_frame_s={frame.seconds:.2f} last_frame_conformed_s={frame_conformed.seconds:.2f}"
        f" bodies_bitexact={int(exact)} peak_mib={peak:.0f}"
    )


def _table(rows: Sequence[tuple[str, Measured, Measured]]) -> None:
    print(f"{'method':<34}{'seconds':>9}{'peak MiB':>10}{'ratio':>8}")
    for label, found, base in rows:
        ratio = found.seconds / base.seconds
        print(f"{label:<34}{found.seconds:>9.2f}{found.peak_mib:>10.0f}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
