"""What waits, what runs, and whether the waves of clips are as short as they can be."""

from tools.observe.panels import Board, Graph, Number, Query, Row
from tools.observe.queries import highest, mean, median, quantiles, rate, share

WAVES = Row(
    "Waves",
    [
        Number(
            title="Makespan",
            help="From a plan to its last clip, in multiples of its critical path: 1 is the limit.",
            expr=median("storywave_makespan_ratio"),
            warn=1.5,
            alarm=3,
            decimals=2,
            width=4,
            height=8,
        ),
        Graph(
            title="Makespan against the critical path",
            help="Above 1 a video waited: for its limit of clips at once, a provider or a worker.",
            queries=quantiles("storywave_makespan_ratio"),
            width=7,
        ),
        Graph(
            title="Clips in one wave",
            help="How many clips one decision of the aggregator releases.",
            queries=quantiles("storywave_released_jobs", '{kind="clip"}'),
            width=6,
        ),
        Graph(
            title="Clips that succeed",
            help="Of those that end. Below the line an alert fires.",
            queries=[
                Query(
                    share(
                        "storywave_jobs_total",
                        'kind="clip", end="done"',
                        'kind="clip", end=~"done|failed"',
                        "[10m]",
                    ),
                    "clips",
                )
            ],
            unit="percentunit",
            limit=0.9,
            width=7,
        ),
    ],
)

QUEUES = Row(
    "What waits and what runs",
    [
        Graph(
            title="Open jobs by state",
            help="All processes together. What is parked for leave or money is not among them.",
            queries=[
                Query(
                    f"sum by (state) ({highest('storywave_jobs_open', 'kind, state')})", "{{state}}"
                )
            ],
            stacked=True,
        ),
        Graph(
            title="Open jobs by kind",
            help="All states together.",
            queries=[
                Query(
                    f"sum by (kind) ({highest('storywave_jobs_open', 'kind, state')})", "{{kind}}"
                )
            ],
            stacked=True,
        ),
        Graph(
            title="Age of the queues",
            help="How long the job has waited that is next: what grows here needs more replicas.",
            queries=[Query(highest("storywave_queue_age_seconds", "kind"), "{{kind}}")],
            unit="s",
        ),
    ],
)

TIMES = Row(
    "Where the time goes",
    [
        Graph(
            title=f"Time in {phase}",
            help=f"The mean of all jobs of a kind that ended: {what}.",
            queries=[
                Query(
                    mean("storywave_job_phase_seconds", "kind", f'{{phase="{phase}"}}'), "{{kind}}"
                )
            ],
            unit="s",
            width=6,
        )
        for phase, what in {
            "waiting": "in the queue, and between tries",
            "running": "being made",
            "storing": "fetched, looked at and stored",
        }.items()
    ]
    + [
        Graph(
            title="Seconds of cutting, for each second of film",
            help="Only transitions are encoded again, so that it stays far below 1.",
            queries=quantiles("storywave_cut_ratio"),
            width=6,
        )
    ],
)

TROUBLE = Row(
    "Trouble",
    [
        Graph(
            title="Tries that fail, by reason",
            help="A minute.",
            queries=[Query(rate("storywave_failed_tries_total", "code", times=60), "{{code}}")],
            stacked=True,
            width=6,
        ),
        Graph(
            title="Writes behind the fence",
            help="A worker wrote to a job that another had claimed: harmless, and rare.",
            queries=[Query(rate("storywave_fenced_writes_total", "kind", times=60), "{{kind}}")],
            width=6,
        ),
        Graph(
            title="Parked, a minute",
            help="Jobs that had to wait for their user's leave, or for money.",
            queries=[Query(rate("storywave_jobs_parked_total", "why", times=60), "{{why}}")],
            stacked=True,
            width=6,
        ),
        Graph(
            title="In hand",
            help="Jobs of which a step runs in some process now; a provider's work needs no hand.",
            queries=[Query("sum by (kind) (storywave_jobs_in_hand)", "{{kind}}")],
            stacked=True,
            width=6,
        ),
    ],
)

BOARD = Board(
    "jobs",
    "Storywave: waves and jobs",
    "What waits, what runs, and whether the waves of clips are as short as they can be.",
    [WAVES, QUEUES, TIMES, TROUBLE],
)
