"""Is everything well, and if not, where?"""

from tools.observe.panels import Board, Graph, Number, Query, Row
from tools.observe.queries import highest, mean, median, moving, quantile, rate, rises, share

VIDEOS = "storywave_video_seconds_count"
CLIPS = "storywave_jobs_total"

NOW = Row(
    "Now",
    [
        Number(
            title="Videos in the last hour",
            help="Finished, whatever their workflow.",
            expr=rises(VIDEOS, where='{end="completed"}'),
            decimals=0,
        ),
        Number(
            title="Videos that succeed",
            help="Of those that ended in the last hour.",
            expr=share(VIDEOS, 'end="completed"'),
            unit="percentunit",
            warn=0.95,
            alarm=0.8,
        ),
        Number(
            title="Clips that succeed",
            help="Of those that ended in the last hour. Below 90 % an alert fires.",
            expr=share(CLIPS, 'kind="clip", end="done"', 'kind="clip", end=~"done|failed"'),
            unit="percentunit",
            warn=0.95,
            alarm=0.9,
        ),
        Number(
            title="In the making",
            help="Videos that the stitcher still expects something of.",
            expr=highest('storywave_videos_open{service="stitcher"}'),
            decimals=0,
        ),
        Number(
            title="Request to film",
            help="Half of the videos of the last hour took less.",
            expr=median("storywave_video_seconds", '{end="completed"}'),
            unit="s",
        ),
        Number(
            title="Spent in the last hour",
            help="What finished and failed work cost.",
            expr=f"{rises('storywave_spent_microdollars_total')} / 1e6",
            unit="currencyUSD",
            decimals=2,
        ),
        Number(
            title="Processes",
            help="Replicas that Prometheus can ask.",
            expr='sum(up{job="storywave"})',
            decimals=0,
        ),
        Number(
            title="Alerts",
            help="That fire now: see the runbook.",
            expr='count(ALERTS{alertstate="firing"}) or vector(0)',
            warn=1,
            alarm=1.5,
            decimals=0,
        ),
    ],
)

FILMS = Row(
    "Videos",
    [
        Graph(
            title="Videos that end, a minute",
            help="Completed and failed.",
            queries=[Query(rate(VIDEOS, "end", times=60), "{{end}}")],
            stacked=True,
            bars=True,
            width=6,
        ),
        Graph(
            title="From the request to the film",
            help="By workflow; the points are single videos: click one for its id.",
            queries=[
                Query(quantile(0.5, "storywave_video_seconds", "workflow"), "{{workflow}}, half"),
                Query(
                    quantile(0.95, "storywave_video_seconds", "workflow"),
                    "{{workflow}}, 95 %",
                    exemplars=True,
                ),
            ],
            unit="s",
            width=6,
        ),
        Graph(
            title="How long each stage takes",
            help="From the creation of its first job to the end of its last: stages overlap.",
            queries=[Query(mean("storywave_stage_seconds", "stage"), "{{stage}}")],
            unit="s",
            width=6,
        ),
        Graph(
            title="What went wrong with videos, a minute",
            help="Where they failed; and plans that had more beats than time.",
            queries=[
                Query(moving("storywave_videos_failed_total", "phase", times=60), "{{phase}}"),
                Query(rate("storywave_plans_truncated_total", times=60), "plan cut short"),
            ],
            width=6,
        ),
    ],
)

WORK = Row(
    "Rate, errors and duration of the work",
    [
        Graph(
            title="Jobs that end, a minute",
            help="All kinds of work, well or badly.",
            queries=[Query(rate(CLIPS, "kind", times=60), "{{kind}}")],
            stacked=True,
        ),
        Graph(
            title="Tries that fail, a minute",
            help="By kind; the board of jobs has the reasons. Most are tried again by rule.",
            queries=[Query(rate("storywave_failed_tries_total", "kind", times=60), "{{kind}}")],
            stacked=True,
        ),
        Graph(
            title="How long a job takes",
            help="From its creation to its end; 95 of a hundred stay below.",
            queries=[
                Query(quantile(0.95, "storywave_job_seconds", "kind"), "{{kind}}", exemplars=True)
            ],
            unit="s",
        ),
    ],
)

MACHINES = Row(
    "API and processes",
    [
        Graph(
            title="Requests a second",
            help="By the class of their status.",
            queries=[Query(rate("storywave_request_seconds_count", "status"), "{{status}}")],
            unit="reqps",
            stacked=True,
            width=6,
        ),
        Graph(
            title="How long an answer takes",
            help="95 of a hundred stay below. Streams of live messages are left out.",
            queries=[
                Query(
                    quantile(
                        0.95, "storywave_request_seconds", "route", '{route!~".*(events|media).*"}'
                    ),
                    "{{route}}",
                )
            ],
            unit="s",
            width=6,
        ),
        Graph(
            title="Processors in use",
            help="Of each process with its workers left out.",
            queries=[
                Query(
                    'sum by (component) (rate(process_cpu_seconds_total{job="storywave"}'
                    "[$__rate_interval]))",
                    "{{component}}",
                )
            ],
            stacked=True,
            width=6,
        ),
        Graph(
            title="Memory",
            help="Of the largest process of each service.",
            queries=[
                Query(
                    'max by (component) (process_resident_memory_bytes{job="storywave"})',
                    "{{component}}",
                )
            ],
            unit="bytes",
            width=6,
        ),
    ],
)

BOARD = Board(
    "overview",
    "Storywave: overview",
    "Whether everything is well, and if not, which board to look at next.",
    [NOW, FILMS, WORK, MACHINES],
)
