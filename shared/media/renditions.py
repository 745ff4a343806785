"""The same sound or picture in a format that everything opens: MP3, PNG.

What writes them is imported in the worker process only.
"""

from itertools import chain
from pathlib import Path

MP3_RATE = 44_100
MP3_BIT_RATE = 128_000
MP3_FRAME = 1152
"""Samples that one frame of an MP3 holds."""
MAX_PIXELS = 40_000_000


def write_mp3(source: Path, out: Path) -> None:
    """Write the sound of a file as MP3, at 44.1 kHz and 128 kbit/s."""
    import av

    from shared.media.probe import MAX_SECONDS, BadMedia, open_media

    with open_media(source) as heard, av.open(str(out), "w", format="mp3") as written:
        if not heard.streams.audio:
            raise BadMedia(f"{source.name} holds no sound")
        track = heard.streams.audio[0]
        layout = "mono" if track.codec_context.channels == 1 else "stereo"
        stream = written.add_stream("libmp3lame", rate=MP3_RATE, layout=layout)
        stream.codec_context.bit_rate = MP3_BIT_RATE
        resampler = av.AudioResampler("s16p", layout, MP3_RATE, frame_size=MP3_FRAME)
        left = MAX_SECONDS * MP3_RATE
        # None at the end asks for what is still held back
        for frame in chain(heard.decode(track), [None]):
            for block in resampler.resample(frame):
                written.mux(stream.encode(block))
                left -= block.samples
            if left <= 0:
                break
        written.mux(stream.encode(None))


def write_png(source: Path, out: Path) -> None:
    """Write a picture as PNG, in its own size."""
    from PIL import Image

    from shared.media.probe import BadMedia

    with Image.open(source) as image:
        if image.width * image.height > MAX_PIXELS:
            raise BadMedia(f"{source.name} has more than {MAX_PIXELS:,} pixels")
        mode = "RGBA" if image.has_transparency_data else "RGB"
        image.convert(mode).save(out, "PNG", compress_level=3)


def write_still(source: Path, out: Path) -> None:
    """Write the last picture of a clip as PNG."""
    from shared.media.lastframe import last_frame

    last_frame(source, out)
