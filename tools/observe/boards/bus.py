"""Whether events flow, and what was set aside."""

from tools.observe.panels import Board, Graph, Number, Query, Row
from tools.observe.queries import highest, median, quantile, rate, rises

NOW = Row(
    "Now",
    [
        Number(
            title="Events that wait",
            help="In all partitions of all services.",
            expr="sum(storywave_consumer_lag >= 0)",
            warn=1_000,
            alarm=10_000,
            decimals=0,
            width=4,
        ),
        Number(
            title="A hop",
            help="From a fact to its having been handled; half take less.",
            expr=median("storywave_hop_seconds"),
            unit="s",
            width=4,
        ),
        Number(
            title="Facts not told yet",
            help="They are safe in their rows: Kafka is away, or their service is.",
            expr=f"sum({highest('storywave_facts_unpublished', 'service')})",
            warn=200,
            alarm=500,
            decimals=0,
            width=4,
        ),
        Number(
            title="Dead letters in an hour",
            help="Messages that nobody can use.",
            expr=rises("storywave_dead_letters_total"),
            warn=1,
            alarm=1.5,
            decimals=0,
            width=4,
        ),
        Number(
            title="Rows set aside",
            help="They wait for a version that can read them: `storywave status --stuck`.",
            expr=f"sum({highest('storywave_rows_set_aside', 'collection')})",
            warn=1,
            alarm=1.5,
            decimals=0,
            width=4,
        ),
        Number(
            title="Known already",
            help="The part of all events that said nothing new: at least once is more than once.",
            expr=f"{rises('storywave_events_known_total')}"
            f" / {rises('storywave_events_handled_total')}",
            unit="percentunit",
            width=4,
        ),
    ],
)

SERVICES = Row(
    "Consumers",
    [
        Graph(
            title="Events that wait, by service",
            help="The lag of its group: what grows needs more replicas, up to the partitions.",
            queries=[Query("sum by (service) (storywave_consumer_lag >= 0)", "{{service}}")],
        ),
        Graph(
            title="Events handled a second",
            help="By service.",
            queries=[Query(rate("storywave_events_handled_total", "service"), "{{service}}")],
            unit="cps",
            stacked=True,
        ),
        Graph(
            title="A hop, by service",
            help="From a fact to its having been handled; 95 of a hundred take less.",
            queries=[
                Query(
                    quantile(0.95, "storywave_hop_seconds", "service"),
                    "{{service}}",
                    exemplars=True,
                )
            ],
            unit="s",
        ),
        Graph(
            title="Events in a batch",
            help="95 of a hundred batches are smaller. Under load they grow, and so does the rate.",
            queries=[Query(quantile(0.95, "storywave_batch_events", "service"), "{{service}}")],
            width=6,
        ),
        Graph(
            title="How long a batch takes",
            help="To know, decide and write: 95 of a hundred take less.",
            queries=[Query(quantile(0.95, "storywave_handle_seconds", "service"), "{{service}}")],
            unit="s",
            width=6,
        ),
        Graph(
            title="Decisions made again, a minute",
            help="A replica lost a race over a view, and decided anew.",
            queries=[
                Query(rate("storywave_decisions_retried_total", "service", times=60), "{{service}}")
            ],
            width=6,
        ),
        Graph(
            title="Batches that come again, a minute",
            help="The store was away, or a bug: nothing is lost either way.",
            queries=[
                Query(rate("storywave_batches_repeated_total", "service", times=60), "{{service}}")
            ],
            width=6,
        ),
    ],
)

KAFKA = Row(
    "Kafka and the other servers",
    [
        Graph(
            title="Messages received a second",
            help="By service.",
            queries=[
                Query(rate("faststream_received_messages_total", "component"), "{{component}}")
            ],
            unit="cps",
            stacked=True,
        ),
        Graph(
            title="Events published a second",
            help="By their type.",
            queries=[Query(rate("storywave_events_published_total", "event"), "{{event}}")],
            unit="cps",
            stacked=True,
        ),
        Graph(
            title="How long a publication takes",
            help="Until all in-sync replicas have its events, however many they are.",
            queries=[
                Query(quantile(0.95, "storywave_publish_seconds", "component"), "{{component}}")
            ],
            unit="s",
        ),
        Graph(
            title="Servers that give no answer",
            help="For how long, as the process sees it that waits longest: 0 where all is well.",
            queries=[Query(highest("storywave_server_away_seconds", "server"), "{{server}}")],
            unit="s",
            width=24,
        ),
    ],
)

ASIDE = Row(
    "Set aside",
    [
        Graph(
            title="Dead letters, a minute",
            help="By the service that could not use them.",
            queries=[
                Query(rate("storywave_dead_letters_total", "service", times=60), "{{service}}")
            ],
            width=6,
        ),
        Graph(
            title="Of a newer version, a minute",
            help="Kept unread until this service is upgraded.",
            queries=[
                Query(rate("storywave_events_unread_total", "service", times=60), "{{service}}")
            ],
            width=6,
        ),
        Graph(
            title="Rows set aside",
            help="By collection.",
            queries=[Query(highest("storywave_rows_set_aside", "collection"), "{{collection}}")],
            width=6,
        ),
        Graph(
            title="How late looks are",
            help="At videos that have not been heard of for a while: near 0, or the sweep is dead.",
            queries=[Query(highest("storywave_look_late_seconds", "service"), "{{service}}")],
            unit="s",
            width=6,
        ),
    ],
)

BOARD = Board(
    "bus",
    "Storywave: Kafka and consumers",
    "Whether events flow, and what was set aside.",
    [NOW, SERVICES, KAFKA, ASIDE],
)
