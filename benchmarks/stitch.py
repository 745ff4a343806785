"""Compares the stitcher with MoviePy, ffmpeg's xfade and a plain copy, on the same files.

The video: six clips of 5 s at 1080x1920 with cross-fades of 0.5 s, four voices and a music bed.
Each method runs in a process of its own, which loads its libraries before the clock starts; the
start of ffmpeg takes some 30 ms of its time. The peers use our preset, our quality and two threads,
and mix the sound without looking at its loudness.

There are three comparisons:
- the cut of segments (conformed clips) with cross-fades; our time includes the whole sound mix;
- hard cuts with sound that is mixed before; the floor is a copy by ffmpeg;
- everything: to conform all raw clips, two at a time as the service does, and to cut them, against
  MoviePy on the raw clips.
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
from benchmarks.stitch_runs import Measured, measure
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

FADE = 15  # frames of a cross-fade
FRAMES = CLIP_SECONDS * FPS
STEP = CLIP_SECONDS - FADE / FPS  # seconds from the start of one clip to that of the next
SECONDS = STEP * CLIPS + FADE / FPS
VOICE_EVERY = 6.5  # seconds
REPEATS = 3  # of the quick methods, whose times vary most; the median counts
PRESET, CRF, THREADS = "superfast", "20", 2  # ours, so that all encode the same work

SIZE = canvas("9:16", "full")


class Wrong(Exception):
    """An output is not as it should be, so there is no figure."""


# ── ours ────────────────────────────────────────────────────────────────────────────────────────


def _segment_path(folder: Path, number: int) -> Path:
    return folder / f"segment-{number}.mp4"


def conform_one(source: Path, folder: Path, number: int) -> None:
    """Conform one raw clip, with keyframes where cross-fades begin and end."""
    head, tail = (FADE if number else 0), (FADE if number < CLIPS - 1 else 0)
    out = _segment_path(folder, number)
    conform(ConformSpec(out, SIZE, FRAMES, source, head=head, tail=tail))


def make_timeline(folder: Path, fades: bool) -> Timeline:
    """Return the timeline of all segments, with cross-fades or hard cuts."""
    segments = tuple(Segment(_segment_path(folder, n), FRAMES) for n in range(CLIPS))
    joint = Transition("fade", FADE) if fades else None
    return Timeline(SIZE, segments, (joint,) * (CLIPS - 1))


def make_mix_spec(inputs: Inputs, folder: Path, frames: int) -> MixSpec:
    """Return the sound of the video: a voice every 6.5 s, and the bed."""
    voices = []
    for number, path in enumerate(inputs.voices):
        fit = fit_voice(VOICE_SECONDS, (), VOICE_EVERY)
        voices.append(PlacedVoice(path, number * VOICE_EVERY, fit))
    return MixSpec(folder / "sound.m4a", frames, tuple(voices), inputs.music)


def run_our_cut(inputs: Inputs, folder: Path) -> None:
    """Cut with cross-fades and the whole sound mix."""
    line = make_timeline(folder, fades=True)
    cut(CutSpec(folder, line, make_mix_spec(inputs, folder, line.frames)))


def run_our_hard_cut(inputs: Inputs, folder: Path) -> None:
    cut(CutSpec(folder, make_timeline(folder, fades=False), folder / "premixed.m4a"))


def run_our_last_clip(inputs: Inputs, folder: Path) -> None:
    """Do what is left to do when the last clip arrives: until then, all others are conformed."""
    conform_one(inputs.clips[-1], folder, CLIPS - 1)
    run_our_cut(inputs, folder)


def run_our_last_frame(inputs: Inputs, folder: Path) -> None:
    """Find the last frame of a raw clip with a single keyframe: the next chunk waits for it."""
    last_frame(inputs.clips[0], folder / "last.png")


def run_our_last_frame_of_segment(inputs: Inputs, folder: Path) -> None:
    last_frame(_segment_path(folder, 0), folder / "last.png")


def run_our_whole(inputs: Inputs, folder: Path) -> None:
    """Conform all raw clips, two at a time, and cut them."""
    # Spawned, as the service does it: a forked process would share libraries already loaded.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, share_one_heap) as pool:
        tasks = [pool.submit(conform_one, c, folder, n) for n, c in enumerate(inputs.clips)]
        for task in tasks:
            task.result()
    run_our_cut(inputs, folder)


# ── the others ──────────────────────────────────────────────────────────────────────────────────


def _run_ffmpeg(*arguments: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *arguments]
    subprocess.run(command, check=True, timeout=600)


def run_ffmpeg_copy(inputs: Inputs, folder: Path) -> None:
    """Copy segments and sound into one file: nothing is decoded, so nobody can be faster."""
    listing = folder / "list.txt"
    lines = (f"file '{_segment_path(folder, number)}'\n" for number in range(CLIPS))
    listing.write_text("".join(lines), "utf-8")
    source = ("-f", "concat", "-safe", "0", "-i", str(listing), "-i", str(folder / "premixed.m4a"))
    _run_ffmpeg(*source, "-c", "copy", "-movflags", "+faststart", str(folder / "copy.mp4"))


def run_ffmpeg_xfade(inputs: Inputs, folder: Path) -> None:
    sources = [*(_segment_path(folder, n) for n in range(CLIPS)), *inputs.voices, inputs.music]
    _run_ffmpeg(
        *(part for path in sources for part in ("-i", str(path))),
        "-filter_complex", f"{_picture_filters()};{_sound_filters(len(inputs.voices))}",
        "-map", "[picture]", "-map", "[sound]", "-t", str(SECONDS),
        "-c:v", "libx264", "-preset", PRESET, "-crf", CRF, "-threads", str(THREADS),
        "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", str(folder / "xfade.mp4"),
    )  # fmt: skip


def _picture_filters() -> str:
    """Return the filters that fade each picture into the next one."""
    steps, last = [], "0:v"
    for number in range(1, CLIPS):
        out = "picture" if number == CLIPS - 1 else f"v{number}"
        fade = f"xfade=transition=fade:duration={FADE / FPS}:offset={number * STEP}"
        steps.append(f"[{last}][{number}:v]{fade}[{out}]")
        last = out
    return ";".join(steps)


def _sound_filters(voices: int) -> str:
    """Return the filters that put each voice at its time over a quieter bed."""
    delayed = [
        f"[{CLIPS + n}:a]adelay={round(n * VOICE_EVERY * 1000)}:all=1[a{n}]" for n in range(voices)
    ]
    names = "".join(f"[a{n}]" for n in range(voices))
    bed = f"[{CLIPS + voices}:a]volume=0.2[bed]"
    return ";".join([*delayed, bed, f"{names}[bed]amix=inputs={voices + 1}:normalize=0[sound]"])


def run_moviepy_on_segments(inputs: Inputs, folder: Path) -> None:
    clips = [_segment_path(folder, n) for n in range(CLIPS)]
    _cut_with_moviepy(clips, inputs, folder / "moviepy.mp4")


def run_moviepy_on_raw_clips(inputs: Inputs, folder: Path) -> None:
    _cut_with_moviepy(inputs.clips, inputs, folder / "moviepy-raw.mp4")


def _cut_with_moviepy(paths: Sequence[Path], inputs: Inputs, out: Path) -> None:
    """Cut as its documentation says: compose with negative padding, cross-fade in."""
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


def are_bodies_exact(folder: Path) -> bool:
    """Return whether every packet outside the cross-fades is the segment's own, byte for byte."""
    joined, line = _read_packets(folder / "video.mp4"), make_timeline(folder, fades=True)
    return all(
        joined[number * (FRAMES - FADE) + frame] == data
        for number in range(CLIPS)
        for frame, data in _read_packets(_segment_path(folder, number)).items()
        if line.head(number) <= frame < FRAMES - line.tail(number)
    )


def _read_packets(path: Path) -> dict[int, bytes]:
    """Return the bytes of each frame, by when it is shown."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return {(packet.pts or 0) // TICKS_A_FRAME: bytes(packet) for packet in packets}


def _make_inputs_apart(folder: Path) -> Inputs:
    """Make the inputs in another process and return them."""
    # Linux counts the memory of the process that starts a child as part of the child's own peak. So
    # this process must stay small.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(make_inputs, folder, SIZE).result(timeout=600)


def _check(path: Path, frames: int) -> None:
    """Refuse a video that is not complete and right: being fast counts only then."""
    found = report(path, Expectations(frames, SIZE, True))
    if not found.ok:
        raise Wrong("\n".join(found.lines()))


def main() -> None:
    """Make the inputs, run every method, print a table and the figure."""
    with tempfile.TemporaryDirectory(prefix="storywave-stitch-") as name:
        folder = Path(name)
        inputs = _make_inputs_apart(folder)
        # First of all, because it makes the segments that the other methods cut.
        whole = measure(run_our_whole, inputs, folder)
        _check(folder / "video.mp4", CLIPS * FRAMES - (CLIPS - 1) * FADE)
        ours = measure(run_our_cut, inputs, folder, REPEATS)
        exact = are_bodies_exact(folder)
        last = measure(run_our_last_clip, inputs, folder)
        frame = measure(run_our_last_frame, inputs, folder, REPEATS)
        frame_of_segment = measure(run_our_last_frame_of_segment, inputs, folder, REPEATS)
        # Before the hard cuts: their sound is ready, for us as for the copy.
        mix(make_mix_spec(inputs, folder, CLIPS * FRAMES)).path.rename(folder / "premixed.m4a")
        hard = measure(run_our_hard_cut, inputs, folder, REPEATS)
        _check(folder / "video.mp4", CLIPS * FRAMES)
        floor = measure(run_ffmpeg_copy, inputs, folder, REPEATS)
        xfade = measure(run_ffmpeg_xfade, inputs, folder)
        moviepy = measure(run_moviepy_on_segments, inputs, folder)
        moviepy_raw = measure(run_moviepy_on_raw_clips, inputs, folder)
    _print_table(
        [
            ("storywave: cross-fades and mix", ours, ours),
            ("ffmpeg xfade, same preset", xfade, ours),
            ("MoviePy, same preset", moviepy, ours),
            ("storywave: hard cuts", hard, floor),
            ("ffmpeg concat copy (the floor)", floor, floor),
            ("storywave: all from raw clips", whole, whole),
            ("MoviePy from raw clips", moviepy_raw, whole),
            ("storywave: after the last clip", last, ours),
            ("last frame of a raw clip", frame, frame),
            ("last frame of a segment", frame_of_segment, frame),
        ]
    )
    peak = max(m.peak_mib for m in (whole, ours, last, hard))
    print(
        f"FIGURE stitch vs_moviepy={moviepy.seconds / ours.seconds:.1f}"
        f" vs_ffmpeg={xfade.seconds / ours.seconds:.1f}"
        f" hardcut_vs_copy={hard.seconds / floor.seconds:.2f}"
        f" whole_vs_moviepy={moviepy_raw.seconds / whole.seconds:.1f}"
        f" last_clip_s={last.seconds:.1f}"
        f" last_frame_s={frame.seconds:.2f} last_frame_conformed_s={frame_of_segment.seconds:.2f}"
        f" bodies_bitexact={int(exact)} peak_mib={peak:.0f}"
    )


def _print_table(rows: Sequence[tuple[str, Measured, Measured]]) -> None:
    print(f"{'method':<34}{'seconds':>9}{'peak MiB':>10}{'ratio':>8}")
    for label, found, base in rows:
        ratio = found.seconds / base.seconds
        print(f"{label:<34}{found.seconds:>9.2f}{found.peak_mib:>10.0f}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
