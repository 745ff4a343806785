"""The alerts: when each fires, what it means, and two histories that show both.

`docs/runbook.md` says for each what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

RUNBOOK = "docs/runbook.md"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. Histories are in the words of `promtool`: `0+1x10` rises by 1, ten times."""

    name: str
    expr: str
    lasts: str = "0m"
    """How long it must be true."""
    severity: Literal["page", "ticket"] = "ticket"
    summary: str
    fires: Mapping[str, str]
    """Series → a history, by a minute each, at whose end it fires."""
    silent: Mapping[str, str]
    labels: Mapping[str, str]
    """The labels that the firing alert has, beside its severity."""
    minutes: int = 30

    @property
    def section(self) -> str:
        """Return where the runbook explains it."""
        return f"{RUNBOOK}#{self.name.lower()}"


def _rises(metric: str, labels: str = "") -> tuple[dict[str, str], dict[str, str]]:
    """Return two histories of a counter: it rises once, and it stands still."""
    series = f"{metric}{labels}"
    return {series: "0x20 3x10"}, {series: "3x30"}


ALERTS: Sequence[Alert] = (
    Alert(
        name="ProcessDown",
        expr='up{job="storywave"} == 0',
        lasts="2m",
        severity="page",
        summary="Prometheus can't ask {{ $labels.instance }} for two minutes.",
        fires={'up{job="storywave", instance="a:8000"}': "1x25 0x5"},
        silent={'up{job="storywave", instance="a:8000"}': "1x28 0x1"},
        labels={"job": "storywave", "instance": "a:8000"},
    ),
    Alert(
        name="ServiceGone",
        expr='absent(storywave_consumer_lag{service="chunker"})'
        ' or absent(storywave_consumer_lag{service="stitcher"})'
        ' or absent(storywave_consumer_lag{service="planner"})'
        ' or absent(storywave_consumer_lag{service="storyboard"})'
        ' or absent(storywave_consumer_lag{service="soundtrack"})'
        ' or absent(storywave_consumer_lag{service="gateway"})',
        lasts="2m",
        severity="page",
        summary="No replica of {{ $labels.service }} runs: its part of every video stands still.",
        fires={
            f'storywave_consumer_lag{{service="{name}"}}': "0x30"
            for name in ("chunker", "planner", "storyboard", "soundtrack", "gateway")
        },
        silent={
            f'storywave_consumer_lag{{service="{name}"}}': "0x30"
            for name in ("chunker", "planner", "storyboard", "soundtrack", "gateway", "stitcher")
        },
        labels={"service": "stitcher"},
    ),
    Alert(
        name="ServerAway",
        expr="max by (server, component) (storywave_server_away_seconds) > 60",
        lasts="1m",
        severity="page",
        summary="A {{ $labels.component }} has waited for {{ $labels.server }} for {{ $value }} "
        "seconds.",
        fires={
            'storywave_server_away_seconds{server="Kafka", component="chunker"}': "0x20 0+60x10"
        },
        silent={'storywave_server_away_seconds{server="Kafka", component="chunker"}': "0x28 30x2"},
        labels={"server": "Kafka", "component": "chunker"},
    ),
    Alert(
        name="ApiFails",
        expr='sum(rate(storywave_request_seconds_count{status="5xx"}[5m]))'
        " / sum(rate(storywave_request_seconds_count[5m])) > 0.05",
        lasts="5m",
        severity="page",
        summary="More than a twentieth of the API's answers say that we could not do it.",
        fires={
            'storywave_request_seconds_count{status="5xx"}': "0+2x30",
            'storywave_request_seconds_count{status="2xx"}': "0+20x30",
        },
        silent={
            'storywave_request_seconds_count{status="5xx"}': "0x20 20x10",
            'storywave_request_seconds_count{status="2xx"}': "0+20x30",
        },
        labels={},
    ),
    Alert(
        name="VideosStuck",
        expr="sum(increase(storywave_videos_replayed_total[30m])) > 0",
        severity="ticket",
        summary="Videos had been silent for ten minutes without an open job; their facts were told "
        "again.",
        fires=_rises("storywave_videos_replayed_total")[0],
        silent=_rises("storywave_videos_replayed_total")[1],
        labels={},
    ),
    Alert(
        name="VideosOverdue",
        expr='sum(increase(storywave_events_decided_total{event="VideoOverdue"}[1h])) > 0',
        severity="page",
        summary="Videos ran for longer than any may, and were given up.",
        fires=_rises("storywave_events_decided_total", '{event="VideoOverdue"}')[0],
        silent=_rises("storywave_events_decided_total", '{event="VideoOverdue"}')[1],
        labels={},
    ),
    Alert(
        name="LooksLate",
        expr="max by (service) (storywave_look_late_seconds) > 600",
        lasts="5m",
        severity="page",
        summary="{{ $labels.service }} does not look at silent videos: its sweep is dead or slow.",
        fires={'storywave_look_late_seconds{service="chunker"}': "700x30"},
        silent={'storywave_look_late_seconds{service="chunker"}': "100x30"},
        labels={"service": "chunker"},
    ),
    Alert(
        name="QueueOld",
        expr="max by (kind) (storywave_queue_age_seconds) > 900",
        lasts="5m",
        summary="The next {{ $labels.kind }} has waited for a quarter of an hour.",
        fires={'storywave_queue_age_seconds{kind="clip"}': "1000x30"},
        silent={'storywave_queue_age_seconds{kind="clip"}': "200x30"},
        labels={"kind": "clip"},
    ),
    Alert(
        name="VideosFail",
        expr='sum(increase(storywave_video_seconds_count{end="failed"}[30m]))'
        " / sum(increase(storywave_video_seconds_count[30m])) > 0.2"
        ' and sum(increase(storywave_video_seconds_count{end="failed"}[30m])) > 2',
        severity="page",
        summary="More than a fifth of the videos of the last half hour have failed.",
        fires={
            'storywave_video_seconds_count{end="failed"}': "0+1x30",
            'storywave_video_seconds_count{end="completed"}': "0+1x30",
        },
        silent={
            'storywave_video_seconds_count{end="failed"}': "0x10 1x20",
            'storywave_video_seconds_count{end="completed"}': "0+1x30",
        },
        labels={},
    ),
    Alert(
        name="ClipsFail",
        expr='sum(increase(storywave_jobs_total{kind="clip", end="done"}[30m]))'
        ' / sum(increase(storywave_jobs_total{kind="clip", end=~"done|failed"}[30m])) < 0.9'
        ' and sum(increase(storywave_jobs_total{kind="clip", end="failed"}[30m])) > 2',
        lasts="5m",
        summary="Fewer than 90 % of the clips of the last half hour succeeded.",
        fires={
            'storywave_jobs_total{kind="clip", end="done"}': "0+4x40",
            'storywave_jobs_total{kind="clip", end="failed"}': "0+1x40",
        },
        silent={
            'storywave_jobs_total{kind="clip", end="done"}': "0+20x40",
            'storywave_jobs_total{kind="clip", end="failed"}': "0+1x40",
        },
        labels={},
        minutes=40,
    ),
    Alert(
        name="ConsumerLag",
        expr="sum by (service) (storywave_consumer_lag >= 0) > 5000",
        lasts="10m",
        summary="{{ $labels.service }} is {{ $value }} events behind.",
        fires={
            'storywave_consumer_lag{service="stitcher", instance="a:8000"}': "6000x30",
            'storywave_consumer_lag{service="stitcher", instance="b:8000"}': " ".join(["NaN"] * 31),
        },
        silent={'storywave_consumer_lag{service="stitcher"}': "6000x9 20x21"},
        labels={"service": "stitcher"},
    ),
    Alert(
        name="FactsUntold",
        expr="max by (service) (storywave_facts_unpublished) > 500",
        lasts="5m",
        severity="page",
        summary="{{ $value }} facts of {{ $labels.service }} wait for Kafka.",
        fires={'storywave_facts_unpublished{service="chunker"}': "800x30"},
        silent={'storywave_facts_unpublished{service="chunker"}': "50x30"},
        labels={"service": "chunker"},
    ),
    Alert(
        name="Unpublishable",
        expr="sum by (service) (increase(storywave_events_unpublishable_total[1h])) > 0",
        summary="{{ $labels.service }} has an event that Kafka can never take: its video fails.",
        fires={'storywave_events_unpublishable_total{service="planner"}': "_x24 0 1x5"},
        silent={'storywave_events_unpublishable_total{service="planner"}': "1x30"},
        labels={"service": "planner"},
    ),
    Alert(
        name="UnknownOutcomes",
        expr="sum(increase(storywave_unknown_outcomes_total[15m])) > 10",
        summary="The answers to more than ten submits were lost in a quarter of an hour.",
        fires={'storywave_unknown_outcomes_total{kind="clip"}': "0+2x30"},
        silent={'storywave_unknown_outcomes_total{kind="clip"}': "0x20 3x10"},
        labels={},
    ),
    Alert(
        name="Unresolved",
        expr="max(storywave_unresolved_now) > 0",
        summary="Money is held for {{ $value }} jobs of which nobody knows whether they ran.",
        fires={"storywave_unresolved_now": "2x30"},
        silent={"storywave_unresolved_now": "0x30"},
        labels={},
    ),
    Alert(
        name="SpendRate",
        expr="sum(increase(storywave_spent_microdollars_total[1h])) / 1e6 > 50",
        severity="page",
        summary="{{ $value }} dollars were spent in an hour.",
        fires={'storywave_spent_microdollars_total{kind="clip"}': "0+2000000x60"},
        silent={'storywave_spent_microdollars_total{kind="clip"}': "0+200000x60"},
        labels={},
        minutes=60,
    ),
    Alert(
        name="DearerThanHeld",
        expr="sum(increase(storywave_overruns_total[1h])) > 0",
        severity="page",
        summary="A run has cost more than was held for it: a price in the catalog is wrong.",
        fires=_rises("storywave_overruns_total")[0],
        silent=_rises("storywave_overruns_total")[1],
        labels={},
    ),
    Alert(
        name="ProviderAccount",
        expr='sum by (provider) (increase(storywave_refusals_total{why="account"}[10m])) > 0',
        severity="page",
        summary="{{ $labels.provider }} takes nothing from this account.",
        fires={'storywave_refusals_total{provider="replicate", why="account"}': "0x25 4x5"},
        silent={'storywave_refusals_total{provider="replicate", why="busy"}': "0+5x30"},
        labels={"provider": "replicate"},
    ),
    Alert(
        name="DeadLetters",
        expr="sum by (service) (increase(storywave_dead_letters_total[15m])) > 0",
        summary="{{ $labels.service }} has set messages aside that nobody can use.",
        fires={'storywave_dead_letters_total{service="chunker"}': "0x25 1x5"},
        silent={'storywave_dead_letters_total{service="chunker"}': "4x30"},
        labels={"service": "chunker"},
    ),
    Alert(
        name="VideosSetAside",
        expr="sum by (service, action) (increase(storywave_videos_set_aside_total[15m])) > 0",
        summary="Something broke for single videos in {{ $labels.service }}: "
        "it could not {{ $labels.action }}.",
        # of a process that has just begun
        fires={
            'storywave_videos_set_aside_total{service="chunker", action="decide"}': "_x24 0 1x5"
        },
        silent={'storywave_videos_set_aside_total{service="chunker", action="decide"}': "1x30"},
        labels={"service": "chunker", "action": "decide"},
    ),
    Alert(
        name="RowsSetAside",
        expr="max by (collection) (storywave_rows_set_aside) > 0",
        lasts="10m",
        summary="{{ $value }} rows of {{ $labels.collection }} can't be read.",
        fires={'storywave_rows_set_aside{collection="jobs"}': "1x30"},
        silent={'storywave_rows_set_aside{collection="jobs"}': "1x5 0x25"},
        labels={"collection": "jobs"},
    ),
    Alert(
        name="DiskFull",
        expr="storywave_disk_free_ratio < 0.1",
        lasts="5m",
        severity="page",
        summary="Less than a tenth of the disk of {{ $labels.instance }} is free.",
        fires={'storywave_disk_free_ratio{instance="a:8000"}': "0.05x30"},
        silent={'storywave_disk_free_ratio{instance="a:8000"}': "0.3x30"},
        labels={"instance": "a:8000"},
    ),
    Alert(
        name="LoopHeld",
        expr="storywave_event_loop_lag_seconds > 5",
        lasts="5m",
        summary="The event loop of {{ $labels.instance }} stands still for seconds at a time.",
        fires={'storywave_event_loop_lag_seconds{instance="a:8000"}': "8x30"},
        silent={'storywave_event_loop_lag_seconds{instance="a:8000"}': "0.2x30"},
        labels={"instance": "a:8000"},
    ),
)
