"""What is spent, on what, and how the provider behaves."""

from tools.observe.panels import Board, Graph, Number, Query, Row
from tools.observe.queries import highest, moving, rate, rises

HELD, SPENT = "storywave_model_held_microdollars_total", "storywave_model_spent_microdollars_total"

NOW = Row(
    "The last hour",
    [
        Number(
            title="Spent",
            help="By runs that have been settled.",
            expr=f"{rises(SPENT)} / 1e6",
            unit="currencyUSD",
            decimals=2,
        ),
        Number(
            title="Runs",
            help="That have been settled.",
            expr=rises("storywave_model_runs_total"),
            decimals=0,
        ),
        Number(
            title="Cost of what was held",
            help="Each run is held its ceiling: above 100 % a price in the catalog is wrong.",
            expr=f"{rises(SPENT)} / {rises(HELD)}",
            unit="percentunit",
            warn=1.0001,
            alarm=1.01,
        ),
        Number(
            title="Copied",
            help="Jobs that had been paid for before, and cost nothing.",
            expr=rises("storywave_jobs_reused_total"),
            decimals=0,
        ),
        Number(
            title="Unknown outcomes",
            help="Submits whose answer was lost. They are looked for, and never posted blindly.",
            expr=rises("storywave_unknown_outcomes_total"),
            warn=1,
            alarm=20,
            decimals=0,
        ),
        Number(
            title="Unresolved now",
            help="Money is held for them until a person decides: `storywave jobs unresolved`.",
            expr=highest("storywave_unresolved_now"),
            warn=1,
            alarm=1.5,
            decimals=0,
        ),
        Number(
            title="Beyond a budget",
            help="Videos that were stopped, since they would have cost more than they may.",
            expr=rises("storywave_events_decided_total", where='{event="BudgetExceeded"}'),
            decimals=0,
        ),
        Number(
            title="Dearer than held",
            help="Runs that cost more than their ceiling: there must be none.",
            expr=rises("storywave_overruns_total"),
            warn=0.5,
            alarm=1,
            decimals=0,
        ),
    ],
)

MONEY = Row(
    "Money",
    [
        Graph(
            title="Dollars an hour, by kind of work",
            help="What ended jobs cost.",
            queries=[
                Query(rate("storywave_spent_microdollars_total", "kind", times=0.0036), "{{kind}}")
            ],
            unit="currencyUSD",
            stacked=True,
        ),
        Graph(
            title="Dollars an hour, by model",
            help="What settled runs cost.",
            queries=[Query(moving(SPENT, "model", times=0.0036), "{{model}}")],
            unit="currencyUSD",
            stacked=True,
        ),
        Graph(
            title="Cost of what was held, by model",
            help="Actual against estimate. What stays far below 1 keeps money from others.",
            queries=[Query(f"{rate(SPENT, 'model')} / ({rate(HELD, 'model')} > 0)", "{{model}}")],
            unit="percentunit",
            limit=1,
        ),
        Graph(
            title="What the gate answers, a second",
            help="To who asked for money: settled means that a claim was lost.",
            queries=[Query(rate("storywave_gate_answers_total", "answer"), "{{answer}}")],
            stacked=True,
            width=12,
        ),
        Graph(
            title="Runs, a minute",
            help="By model: that a fallback does the work shows here first.",
            queries=[Query(moving("storywave_model_runs_total", "model", times=60), "{{model}}")],
            stacked=True,
            width=12,
        ),
    ],
)

PROVIDER = Row(
    "The provider",
    [
        Graph(
            title="Creates of the rate, a minute",
            help="`none` asked in vain: the rate is used up, or the provider is left alone.",
            queries=[
                Query(
                    rate("storywave_creates_total", "provider, answer", times=60),
                    "{{provider}} {{answer}}",
                )
            ],
            width=6,
        ),
        Graph(
            title="Refusals, a minute",
            help="busy and account say nothing about the work; input and model do.",
            queries=[
                Query(
                    rate("storywave_refusals_total", "provider, why", times=60),
                    "{{provider}} {{why}}",
                )
            ],
            width=6,
        ),
        Graph(
            title="Lost answers, a minute",
            help="Unknown outcomes, and what became of them.",
            queries=[
                Query(rate("storywave_unknown_outcomes_total", times=60), "unknown"),
                Query(rate("storywave_adoptions_total", times=60), "found and adopted"),
                Query(rate("storywave_resubmits_total", times=60), "not there, posted again"),
                Query(rate("storywave_jobs_unresolved_total", times=60), "never found out"),
            ],
            width=6,
        ),
        Graph(
            title="Other models, a minute",
            help="Jobs that went on to the fallback of their model.",
            queries=[Query(rate("storywave_fallbacks_total", "kind", times=60), "{{kind}}")],
            width=6,
        ),
    ],
)

BOARD = Board(
    "money",
    "Storywave: provider and money",
    "What is spent, on what, and how the provider behaves.",
    [NOW, MONEY, PROVIDER],
)
