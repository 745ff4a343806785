"""The conform and cut jobs, from the very orders that the decisions give, on small pictures."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from services.stitcher import SERVICE
from services.stitcher.work import make_film, make_segment
from shared.jobs.engine import Workspace
from shared.jobs.outcomes import Made
from shared.media.sound import RATE, read_sound, write_wav
from shared.media.verify import Expectations, report
from shared.story.beats import Word
from shared.story.brief import EndCard
from shared.story.events import BeatsPlanned, Event
from shared.story.kinds import CONFORM, CUT, KINDS, ClipConformed, CutOrder, VideoCut, VoiceReady
from shared.story.view import JobSpec
from tests.histories import VIDEO, Story, done, plan
from tests.media.samples import Shape, numbers_in, tone, write_clip, write_voice
from tests.pictures import MAGENTA, last_frame, product, share_of
from tests.stitcher.test_decide import FULL, made, stitched

SMALL = {"width": 96, "height": 160}
SPOKEN = (Word(text="Hello", start=0.5, end=1.0), Word(text="sea.", start=3.0, end=3.5))


def order(folder: Path, spec: JobSpec, **files: Path) -> tuple[Any, Workspace]:
    """The order of a job, at a size that is quick to encode, and where it is worked on."""
    folder.mkdir(exist_ok=True)
    small = KINDS[spec.kind].order.model_validate({**spec.input, **SMALL})
    return small, Workspace(folder, files)


def conform_of(told: Story, n: int) -> JobSpec:
    return next(j for j in told.jobs.values() if j.kind == CONFORM.name and j.n == n)


def spoken(of: BeatsPlanned, words: tuple[Word, ...] = SPOKEN, seconds: float = 4.0) -> Story:
    """A video whose voice is known word by word."""
    facts: list[Event] = []
    for fact in made(of):
        if isinstance(fact, VoiceReady):
            facts.append(fact.model_copy(update={"words": words, "seconds": seconds}))
        else:
            facts.append(fact)
    told = Story(SERVICE, *facts)
    told.play()
    return told


def test_a_chunk_becomes_a_segment_of_exactly_its_frames(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=160))
    result = make_segment(*order(tmp_path, conform_of(spoken(plan(1)), 0), clip=clip))
    assert dict(result.data) == {"frames": 150, "filled": None, "unburnt": None, "unwritten": []}
    assert numbers_in(result.files["key"])[:3] == [0, 1, 2]
    assert len(numbers_in(result.files["key"])) == 150


def test_a_continuous_chunk_does_not_show_the_repeated_picture_twice(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=151))
    spec = conform_of(stitched(plan(1, 2)), 1)
    result = make_segment(*order(tmp_path, spec, clip=clip))
    assert numbers_in(result.files["key"]) == list(range(1, 151))


def test_words_are_burnt_where_they_are_heard_across_the_chunks_of_a_beat(tmp_path: Path) -> None:
    later = Word(text="sea.", start=7.0, end=7.5)
    told = spoken(plan(1, 2, captions="bold"), (SPOKEN[0], later), 8.0)
    clip = write_clip(tmp_path, Shape(frames=151))
    first, second = (burnt(tmp_path / str(n), conform_of(told, n), clip) for n in range(2))
    # the voice's leading silence is trimmed to 0.15 s: the words are heard from 0.19 and 6.69 s on
    assert not first[:5].any()
    assert first[9:20].all()
    assert not first[40:].any()
    assert not second[:50].any()
    assert second[54:65].all()
    assert not second[80:].any()


def burnt(folder: Path, spec: JobSpec, clip: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Per frame, whether something is burnt into it."""
    folder.mkdir()
    plain = spec.model_copy(update={"input": {**spec.input, "voice": None}})
    lettered = make_segment(*order(folder / "lettered", spec, clip=clip))
    bare = make_segment(*order(folder / "bare", plain, clip=clip))
    return differences(lettered.files["key"], bare.files["key"])


def differences(one: Path, other: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Per frame, whether two videos show something else in their lower half."""
    with av.open(str(one)) as a, av.open(str(other)) as b:
        pairs = zip(a.decode(video=0), b.decode(video=0), strict=True)
        found = [
            np.abs(x.to_ndarray()[80:160].astype(int) - y.to_ndarray()[80:160]).max() > 60
            for x, y in pairs
        ]
    return np.array(found)


def test_a_lost_chunk_is_filled_and_says_why(tmp_path: Path) -> None:
    told = stitched(plan(2, transition="cut"), lost=["clip/0/0/0"])
    still = tmp_path / "still.png"
    Image.new("RGB", (96, 160), (200, 30, 30)).save(still)
    result = make_segment(*order(tmp_path, conform_of(told, 0), still=still))
    assert dict(result.data) == {
        "frames": 150, "filled": "the model is tired", "unburnt": None, "unwritten": [],
    }  # fmt: skip


def test_a_lost_chunk_without_any_picture_shows_the_title(tmp_path: Path) -> None:
    told = stitched(plan(2, transition="cut"), lost=["image/0/0/0"])
    result = make_segment(*order(tmp_path, conform_of(told, 0)))
    assert result.data["frames"] == 150


def test_a_damaged_clip_is_filled_and_says_so(tmp_path: Path) -> None:
    damaged = tmp_path / "clip.mp4"
    damaged.write_bytes(b"not a clip at all")
    result = make_segment(*order(tmp_path, conform_of(stitched(plan(1)), 0), clip=damaged))
    assert "clip.mp4" in result.data["filled"]


@pytest.mark.parametrize("background", [True, False])
def test_the_end_card_is_a_segment_too(tmp_path: Path, background: bool) -> None:
    lost = [] if background else ["card/0/0/0"]
    spec = conform_of(stitched(plan(1, **FULL), lost), 1)
    assert bool(spec.files) is background
    picture = tmp_path / "background.png"
    Image.new("RGB", (96, 160), (20, 90, 160)).save(picture)
    files = {"background": picture} if background else {}
    assert make_segment(*order(tmp_path, spec, **files)).data == {"frames": 75, "unwritten": []}


def test_the_end_card_wears_the_colour_and_the_style_that_are_asked_for(tmp_path: Path) -> None:
    card = EndCard(style="bold", colour="#10a020", seconds=1)
    told = stitched(plan(1, style="luxury", end_card=card), ["card/0/0/0"])
    branded = make_segment(*order(tmp_path / "a", conform_of(told, 1)))
    # a corner of the plain backdrop: green far above red and blue
    red, green, blue = corner(branded.files["key"])
    assert green > 1.5 * max(red, blue)
    own = stitched(plan(1, style="luxury", end_card=EndCard(seconds=1)), ["card/0/0/0"])
    assert max(corner(make_segment(*order(tmp_path / "b", conform_of(own, 1))).files["key"])) < 60


def test_the_end_card_shows_the_product(tmp_path: Path) -> None:
    card = EndCard(product_image="abc", colour="#ffffff", seconds=1)
    spec = conform_of(stitched(plan(1, end_card=card)), 1)
    (tmp_path / "product.png").write_bytes(product())
    without = make_segment(*order(tmp_path / "a", spec))
    assert share_of(MAGENTA, last_frame(without.files["key"])) == 0
    made = make_segment(*order(tmp_path / "b", spec, product=tmp_path / "product.png"))
    assert share_of(MAGENTA, last_frame(made.files["key"])) > 0.05


def corner(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return [int(part) for part in frame[:20, :20].mean((0, 1))]


# ── the cut ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pieces(tmp_path: Path) -> dict[str, Path]:
    """Two segments of five seconds, a voice and a bed."""
    told = stitched(plan(2, voice=False, transition="cut"))
    files = {}
    for n in range(2):
        clip = write_clip(tmp_path, Shape(frames=150), f"clip{n}")
        segment = make_segment(*order(tmp_path / str(n), conform_of(told, n), clip=clip))
        files[f"segment/{n}"] = segment.files["key"]
    files["voice/0"] = write_voice(tmp_path / "voice0.wav", [(0.5, 1.0), (3.0, 3.5)], 4.0)
    files["voice/1"] = files["voice/0"]
    return files


def cut_of(told: Story) -> JobSpec:
    return next(j for j in told.jobs.values() if j.kind == CUT.name)


def event_of(spec: JobSpec, made: Made) -> VideoCut:
    """What the worker would make of it: each file under its event's field."""
    fields: dict[str, Any] = {"outputs": {}}
    for name, path in made.files.items():
        field, _, entry = name.partition("/")
        fields.setdefault(field, {}).update({entry: str(path)}) if entry else fields.update(
            {field: str(path)}
        )
    body = {**spec.input, **made.data, **fields, "video_id": VIDEO, "job": spec.id}
    return VideoCut.model_validate(body)


def test_the_cut_joins_all_and_says_what_it_made(tmp_path: Path, pieces: dict[str, Path]) -> None:
    spec = cut_of(spoken(plan(2, transition="cut")))
    result = make_film(*order(tmp_path / "cut", spec, **pieces))
    fact = event_of(spec, result)
    assert (fact.frames, fact.seconds) == (300, 10.0)
    assert sorted(fact.outputs) == ["contact", "hls", "hls_media", "srt", "vtt"]
    assert numbers_in(Path(fact.key)) == [*range(150), *range(150)]
    assert Path(fact.poster_key).stat().st_size > 0
    subtitles = Path(fact.outputs["srt"]).read_text()
    assert subtitles.count("Hello") == 2
    assert heard(Path(fact.key), 5.6, 6.0) > 10 * heard(Path(fact.key), 4.4, 4.9)


@pytest.fixture
def overlapping(tmp_path: Path) -> dict[str, Path]:
    """Three beats of a picture each, conformed as they are when they fade into each other."""
    told, files = stitched(plan(3, voice=False, transition="fade")), {}
    for n, colour in enumerate([(220, 30, 30), (30, 200, 40), (40, 40, 220)]):
        still = tmp_path / f"{n}.png"
        Image.new("RGB", (96, 160), colour).save(still)
        segment = make_segment(*order(tmp_path / str(n), conform_of(told, n), still=still))
        files[f"segment/{n}"] = segment.files["key"]
    return files


def shown(path: Path) -> list[np.ndarray[Any, np.dtype[np.int_]]]:
    """The mean colour of every frame."""
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [f.to_ndarray(format="rgb24").mean((0, 1)).astype(int) for f in frames]


def test_beats_fade_into_each_other_and_the_video_is_as_long_as_planned(
    tmp_path: Path, overlapping: dict[str, Path]
) -> None:
    spec = cut_of(stitched(plan(3, voice=False, transition="fade")))
    result = make_film(*order(tmp_path / "cut", spec, **overlapping))
    assert result.data == {"frames": 450, "seconds": 15.0, "unheard": [], "unwritten": []}
    assert report(result.files["key"], Expectations(frames=450, has_sound=False)).ok
    colours = shown(result.files["key"])
    assert colours[149].argmax() == 0 and colours[165].argmax() == 1
    # neither is alone halfway through; the second beat began on the grid
    assert min(colours[157][:2]) > 80
    assert colours[299].argmax() == 1 and colours[315].argmax() == 2


def test_a_tail_that_nothing_follows_is_left_away_without_encoding_again(
    tmp_path: Path, overlapping: dict[str, Path]
) -> None:
    spec = cut_of(stitched(plan(3, voice=False, transition="fade", skipped=[2])))
    result = make_film(*order(tmp_path / "cut", spec, **overlapping))
    assert result.data == {"frames": 300, "seconds": 10.0, "unheard": [], "unwritten": []}
    assert report(result.files["key"], Expectations(frames=300, has_sound=False)).ok
    whole, source = (packets_of(p) for p in (result.files["key"], overlapping["segment/1"]))
    assert source[20:149] == whole[170:299]


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_voice_is_silent_where_its_beat_was_left_out(
    tmp_path: Path, pieces: dict[str, Path]
) -> None:
    spec = cut_of(spoken(plan(2, transition="cut")))
    voices = [{**spec.input["voices"][0], "room": 2.0}]
    given = {**spec.input, **SMALL, "voices": voices}
    (tmp_path / "cut").mkdir()
    result = make_film(CutOrder.model_validate(given), Workspace(tmp_path / "cut", pieces))
    assert heard(result.files["key"], 0.6, 1.0) > 0.01
    assert heard(result.files["key"], 2.1, 9.0) < 1e-4
    assert "sea" not in result.files["outputs/srt"].read_text()


def test_clips_are_mixed_under_the_rest_and_a_mute_one_is_named(
    tmp_path: Path, pieces: dict[str, Path]
) -> None:
    write_wav(tone(5), tmp_path / "loud.wav")
    files = {**pieces, "clip/0": tmp_path / "loud.wav", "clip/1": pieces["segment/1"]}
    spec = cut_of(stitched(plan(2, voice=False, transition="cut", clip_sound=True)))
    result = make_film(*order(tmp_path / "cut", spec, **files))
    assert heard(result.files["key"], 0.5, 4.5) > 0.01
    assert heard(result.files["key"], 5.2, 9.5) < 1e-4
    assert result.data["unheard"] == ["segment has no sound of its own"]


def test_what_stands_beside_the_video_shows_it(tmp_path: Path, pieces: dict[str, Path]) -> None:
    image = tmp_path / "image.png"
    Image.new("RGB", (96, 160), (10, 200, 90)).save(image)
    spec = cut_of(spoken(plan(2, transition="cut")))
    result = make_film(*order(tmp_path / "cut", spec, **{**pieces, "image/0": image}))
    assert numbers_in(result.files["outputs/hls"]) == numbers_in(result.files["key"])
    sheet = np.asarray(Image.open(result.files["outputs/contact"]).convert("RGB"))[::8, ::8]
    assert (np.abs(sheet.astype(int) - (10, 200, 90)).max(axis=2) <= 2).sum() > 300


def test_a_video_without_any_sound_has_no_sound_track(
    tmp_path: Path, pieces: dict[str, Path]
) -> None:
    spec = cut_of(stitched(plan(2, voice=False, transition="cut")))
    result = make_film(*order(tmp_path / "cut", spec, **pieces))
    beside = ["outputs/contact", "outputs/hls", "outputs/hls_media"]
    assert sorted(result.files) == ["key", *beside, "poster_key"]
    with av.open(str(result.files["key"])) as container:
        assert not container.streams.audio


def heard(path: Path, start: float, end: float) -> float:
    """How loud it is between two times."""
    samples = read_sound(path)[round(start * RATE) : round(end * RATE)]
    return float(np.sqrt((samples**2).mean()))


def test_what_conforming_makes_fits_its_event(tmp_path: Path) -> None:
    spec = conform_of(stitched(plan(1)), 0)
    made = make_segment(*order(tmp_path, spec, clip=write_clip(tmp_path)))
    fact = done(spec)
    assert isinstance(fact, ClipConformed)
    body = {**fact.model_dump(), **made.data, "key": str(made.files["key"])}
    assert ClipConformed.model_validate(body).frames == 150
