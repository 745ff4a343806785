"""One video: the way that it takes, where it stands among the others, its log."""

from tools.observe.panels import Board, Graph, Lines, Query, Row, Words
from tools.observe.queries import quantile

TEXT = """
**How to find a video.** Every point in the graphs below is one video: its `video_id` stands in the
box that opens over it. Put it into *Video* above, and its log is shown at the end (with Loki;
without, `grep` for it in the logs). Its trace has a span for each job and each hop, and its id is
`printf %s VIDEO | sha256sum | cut -c-32`. `storywave status VIDEO` and `GET /v1/videos/VIDEO` say
where it stands; `storywave receipt VIDEO` what it has cost.
"""

PLANNING = "script|characters|settings|selection|plan"
DRAWN = "reference|image|card|voice|music"


def _follow(title: str, what: str, kinds: str) -> Graph:
    half = quantile(0.5, "storywave_job_seconds", "kind", f'{{kind=~"{kinds}"}}')
    query = Query(half, "{{kind}}", exemplars=True)
    return Graph(title=title, help=what, queries=[query], unit="s", width=6)


WAY = Row(
    "The way of a video, from the left to the right; half of all jobs take less",
    [
        _follow("1. Its plan", "From the words of the user.", PLANNING),
        _follow("2. Pictures and sounds", "References, images, card, voices, music.", DRAWN),
        _follow("3. Clips", "Each starts once its image, or its last frame, exists.", "clip"),
        _follow(
            "4. The film", "Segments come with their clips; the cut joins them.", "conform|cut"
        ),
    ],
)

WHOLE = Row(
    "The whole",
    [
        Graph(
            title="From the request to the film",
            help="Half take less, and 95 of a hundred.",
            queries=[
                Query(quantile(0.5, "storywave_video_seconds"), "half"),
                Query(quantile(0.95, "storywave_video_seconds"), "95 %", exemplars=True),
            ],
            unit="s",
        ),
        Graph(
            title="Of each stage",
            help="Half take less. Stages overlap: there is no barrier between them.",
            queries=[
                Query(
                    quantile(0.5, "storywave_stage_seconds", "stage"), "{{stage}}", exemplars=True
                )
            ],
            unit="s",
        ),
        Graph(
            title="Where its jobs waited",
            help="95 of a hundred waited less, by kind.",
            queries=[
                Query(
                    quantile(0.95, "storywave_job_phase_seconds", "kind", '{phase="waiting"}'),
                    "{{kind}}",
                    exemplars=True,
                )
            ],
            unit="s",
        ),
    ],
)

BOARD = Board(
    "story",
    "Storywave: one video's story",
    "The way that a video takes, where one stands among the others, and its log.",
    [
        Row("Find it", [Words(title="One video", content=TEXT.strip(), height=3)]),
        WAY,
        WHOLE,
        Row(
            "Its log",
            [
                Lines(
                    title="Everything that any service has said about it",
                    help="Put its id into *Video* above.",
                    expr='{job="storywave"} | json | video_id=`$video`',
                )
            ],
        ),
    ],
    asks_for_video=True,
)
