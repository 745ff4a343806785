"""What follows where a language model's answer is no plan: it is mended once, and told of. Pure."""

from dataclasses import replace

from shared.engines.planning import Question, ask
from shared.jobs.job import Job
from shared.jobs.outcomes import Made
from shared.story.kinds import TOOK_OVER, PlanOrder, RetryRules
from shared.story.texts import make_one_line

_MEND = """\


Your last answer to this could not be used: {error}. It began so:
<answer>
{answer}
</answer>
Answer again, with the JSON object alone."""
_SHOWN = 6_000  # letters of an answer that are shown once more


def ask_next(job: Job, order: PlanOrder) -> Question:
    """Return what is asked at a try: the second one shows what was wrong with the answer before."""
    question = ask(order)
    if job.answer is None or job.tries % RetryRules().tries_a_model != 1:
        return question
    answer = make_one_line(job.answer[:_SHOWN])
    return replace(question, user=question.user + _MEND.format(error=job.error, answer=answer))


def add_history(made: Made, job: Job, *, by_rules: bool = False) -> Made:
    """Return what BeatsPlanned carries, with how it came about."""
    history = _tell_history(job, by_rules=by_rules)
    return replace(made, data={**made.data, "history": history}) if history else made


def _tell_history(job: Job, *, by_rules: bool) -> list[str]:
    """Return what was done, try by try; nothing where the first answer was a plan."""
    tries = [f"try {number}: {error}" for number, error in enumerate(job.past, 1)]
    if by_rules:
        return [*tries, TOOK_OVER]
    return [*tries, f"try {len(tries) + 1} gave this plan"] if tries else []
