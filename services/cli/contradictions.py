"""Settings that can't all be meant: one that has no effect beside another, or lacks one. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from shared.engines.replicate.client import TOKEN
from shared.engines.replicate.hooks import hook_base
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

PREFIX = "STORYWAVE_"

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What a look at one part of an installation has found."""

    about: str
    said: str
    level: Level = "wrong"


def find_contradictions(chosen: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with settings that are each possible alone."""
    for name, why in _list_idle(chosen):
        if name in chosen.model_fields_set:
            yield Finding("settings", f"{PREFIX}{name.upper()} has no effect: {why}, or unset it")
    if bool(chosen.s3_key) != bool(chosen.s3_secret):
        both = f"{PREFIX}S3_KEY and {PREFIX}S3_SECRET"
        yield Finding("settings", f"of {both} only one is there: set both, or neither")
    if chosen.mode == "cluster" and chosen.ca_file and not _uses_tls(chosen):
        idle = f"{PREFIX}CA_FILE has no effect: no server is spoken to over TLS, or unset it"
        yield Finding("settings", idle)
    try:
        hook_base(chosen.public_url, chosen.replicate_webhook_secret)
    except BadInput as error:
        yield Finding("settings", str(error))
    yield from _find_strangers(environment)
    yield from _find_in_money(chosen, has_token=bool(environment.get(TOKEN)))


def _uses_tls(chosen: Settings) -> bool:
    """Tell whether any of the servers is spoken to over TLS."""
    mongo = chosen.mongo.startswith("mongodb+srv:") or "tls=true" in chosen.mongo
    return chosen.kafka_tls or mongo or chosen.s3_endpoint.startswith("https:")


def _list_idle(chosen: Settings) -> Iterator[tuple[str, str]]:
    """Yield settings that nobody reads beside the others, and what would make them count."""
    if chosen.mode == "embedded":
        servers = ("kafka", "mongo", "s3_", "ca_file", "scratch")
        names = [name for name in Settings.model_fields if name.startswith(servers)]
        yield from ((name, f"set {PREFIX}MODE=cluster") for name in names)
    else:
        yield "data", f"set {PREFIX}MODE=embedded"
    if not chosen.llm_url:
        names = [name for name in Settings.model_fields if name.startswith("llm_")]
        yield from ((name, f"set {PREFIX}LLM_URL") for name in names if name != "llm_url")
    if not chosen.kafka_user:
        yield "kafka_password", f"set {PREFIX}KAFKA_USER"
        yield "kafka_sasl", f"set {PREFIX}KAFKA_USER"
    if not chosen.public_url:
        yield "replicate_webhook_secret", f"set {PREFIX}PUBLIC_URL"
    if chosen.engine != "rehearsal":
        yield "rehearsal_seconds", f"set {PREFIX}ENGINE=rehearsal"
    elif chosen.paid:
        yield "paid", f"a rehearsal pays nothing: set {PREFIX}ENGINE=local"


def _find_strangers(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield names that look like settings and are none."""
    known = Settings.model_fields
    for name in sorted(environment):
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and field not in known:
            near = get_close_matches(field, known, 1, cutoff=0.7)
            advice = f"perhaps {PREFIX}{near[0].upper()} is meant" if near else "it has no effect"
            level: Level = "wrong" if near else "note"
            yield Finding("settings", f"{name} is no setting: {advice}", level)


def _find_in_money(chosen: Settings, *, has_token: bool) -> Iterator[Finding]:
    about = "paid engines"
    if not chosen.clips_are_paid:
        if has_token:
            off = f"a token is there, but {PREFIX}PAID is off: all is made here, for nothing"
            yield Finding(about, off, "note")
        return
    if not has_token:
        yield Finding(about, f"{PREFIX}PAID is on and {TOKEN} is empty: set it, or {PREFIX}PAID=0")
    if chosen.budget is None:
        unset = f"{PREFIX}BUDGET_USD is not set: a request that names no budget is refused"
        yield Finding(about, unset, "note")
    if chosen.needs_key:
        others = "others can ask here, and keys of payers can spend money: give them limits"
        yield Finding(about, f"{others} (`storywave keys create --spend-a-day`)", "note")
