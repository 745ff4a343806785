"""The soft subtitle track of an MP4: one timed-text sample for each phrase."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream

from services.stitcher.captions import Phrase

_TICK = Fraction(1, 1000)
# FFmpeg opens its timed-text encoder only with a style header, though players use styles of their
# own: this one names nothing but the defaults.
_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def add_subtitles(container: OutputContainer) -> SubtitleStream:
    """Add a text track that players can show, and return it."""
    stream = container.add_stream("mov_text")
    assert isinstance(stream, SubtitleStream)
    stream.codec_context.subtitle_header = _HEADER
    stream.codec_context.time_base = stream.time_base = _TICK
    return stream


def subtitle_packets(
    stream: SubtitleStream, phrases: Sequence[Phrase], length: float
) -> Iterator["av.Packet[SubtitleStream]"]:
    """Yield one sample for each phrase; the muxer itself fills the silences between them."""
    for phrase in phrases:
        # None may go on after the last picture: the file would be longer than planned.
        start, end = round(phrase.start * 1000), round(min(phrase.end, length) * 1000)
        if end > start:
            yield _make_sample(stream, phrase.text, start, end)


def _make_sample(
    stream: SubtitleStream, text: str, start: int, end: int
) -> "av.Packet[SubtitleStream]":
    """Return a packet with this text: two bytes for its length, then UTF-8."""
    # Written by hand: the encoder takes ASS, where braces and backslashes would be read as styles.
    data = text.encode()[:65_535]
    packet: av.Packet[Any] = av.Packet(len(data).to_bytes(2, "big") + data)
    packet.stream, packet.time_base = stream, _TICK
    packet.pts = packet.dts = start
    packet.duration = end - start
    return packet
