"""The patterns by which a sentence is told to be an order to us, from a language's words. Pure."""

import re
from dataclasses import dataclass
from functools import cache

from shared.engines.local.directions import list_numbers, list_units
from shared.engines.local.grammar import Grammar

_GREETING = r"(?:hi|hey|hello|hola|salut|bonjour|hallo|ciao|olá|oi)(?: there| all)?"
OPENER = re.compile(rf"^{_GREETING}\b[^.:!?]{{0,30}}:\s+", re.IGNORECASE)
_VIDEO = (
    r"(?:v[ií]d[eé]o|clip|reel|spot|promo|trailer|ad|teaser|(?:kurz)?film|short|cortometraje"
    r"|cortometraggio|court-métrage|curta)"
)
_WITHIN = r"(?:in|en|em|within|under|unter|auf)"


@dataclass(frozen=True)
class Patterns:
    """What tells an order, a wish, a call, or what is to be shown or said."""

    polite: re.Pattern[str]
    film: re.Pattern[str]
    headed: re.Pattern[str]
    card: re.Pattern[str]
    titled: re.Pattern[str]
    greeting: re.Pattern[str]
    we_act: re.Pattern[str]
    announce: re.Pattern[str]
    explain: re.Pattern[str]
    show: re.Pattern[str]
    say: re.Pattern[str]
    label: re.Pattern[str]
    direction: re.Pattern[str]
    leave_out: re.Pattern[str]
    leading: re.Pattern[str]
    trailing: re.Pattern[str]
    audience: re.Pattern[str]
    for_whom: re.Pattern[str]
    pupils: re.Pattern[str]
    call: re.Pattern[str]
    kind: re.Pattern[str]
    bare: re.Pattern[str]


@cache
def patterns_of(g: Grammar) -> Patterns:
    """Return the patterns of a language, made once."""
    det, ask = g.any_of("articles"), g.any_of("ask")
    adjective = g.any_of("adjectives")
    short = rf"(?:{adjective}\s+){{0,2}}?"
    gap = rf"(?:(?!{det}\b)[\w'’-]+\s+){{0,4}}?"
    # With an order or an article before it, any words may describe the film; else only known ones.
    # "The story of Rome" is no order: it says what is told.
    a_film = rf"(?!{g.any_of('definite')}(?!\w)){det}\s*{gap}"
    please = rf"(?:{g.any_of('polite')}[\s,]+)?"  # "Mach bitte ein Video"
    us = rf"{please}(?:{g.any_of('to_us')}\s+)?{please}"
    order = rf"(?:{g.any_of('make')}\s+{us}(?:{det}\s*)?{gap}|{a_film}"
    order += rf"|(?:{adjective}\s+){{0,4}})"
    about = rf"(?P<about>{g.any_of('about')})(?:(?<=['’])|(?!\w))"  # also "d'un renard"
    # "a story for kids about a whale", "un tráiler de terror sobre": neither is what it is about
    whom = g.text("audience").rpartition("(?: ")[0]
    genre = r"(?:of|de|di|von)\s+(?-i:[a-zà-ÿ]+)(?=\s+(?:about|sobre|sur|su\w{0,4}|über)\s)"
    # in languages where it stands behind, any word may describe it
    behind = r"(?-i:[a-zà-ÿ-]{5,})(?=\s+(?:pour|sur|sobre|para|per|su(?:l|ll[aeo'’])?)\s)"
    film = rf"^{order}(?P<media>{g.any_of('media')})(?:\s+(?:{adjective}|{behind})){{0,4}}"
    film += rf"(?:\s+(?:{whom}|{genre}|{g.any_of('platform')}))?"
    film += rf"(?:\s*,\s*{g.any_of('polite')}\s*,)?\s*:?\s+"
    film += rf"(?:(?P<whole>{g.any_of('whole')})\b|{about})\s*:?\s*"
    named = rf"(?={det}(?!\w)|{ask}\b|{g.any_of('free', 'percent')}|(?-i:[A-ZÀ-Þ0-9“\"«]))"
    # "Explain to new colleagues how …": whoever is named before the question only hears it
    hears = rf"{g.any_of('to_whom')}(?=\s*,?\s*{ask}(?!\w))|{g.any_of('explain_to')}(?!\w)"
    to = rf"(?:\s+(?:{hears}))?\s*,?\s*:?\s*"
    # "Explain in 20 seconds how …": how long it is to be is for us
    number = rf"(?:\d+|{'|'.join(list_numbers(g))})"
    length = rf"(?:\s*(?<!\w){_WITHIN}\s+{number}[ -]?(?:{list_units(g)})\w{{0,3}}(?!\w),?)?"
    to = rf"{length}{to}{length}\s*"
    explain = rf"^(?:{g.any_of('explain')}(?!-?\w){to}|{g.any_of('make')}(?!\w){to}(?={ask}\b))"
    aside = g.any_of("asides")
    asks = rf"¿?{g.any_of('polite', 'make')}(?!\w)"
    labels = ("labels_name", "labels_drop", "labels_cta", "labels_say")
    compiled = {
        "polite": rf"^(?:{_GREETING}[\s,!.]+(?={asks}))?¿?{g.any_of('polite')}(?!\w)[\s,]*"
        rf"|^{_GREETING}[\s,!.]+(?={asks})",
        "film": film,
        "headed": rf"^(?:[\w'’-]+\s+){{0,3}}(?P<media>{_VIDEO})\s*:\s+(?P<about>)(?=\S)",
        "card": rf"^{g.any_of('make')}\s+{us}"
        rf"(?={det}\s+(?:{adjective}\s+){{0,2}}{g.any_of('cards')}(?!\w))",
        "titled": rf"^(?!{g.any_of('definite')}(?!\w))(?:{det}\s+)?(?:{adjective}\s+){{0,3}}"
        rf"(?P<media>{g.any_of('media')})(?:\s+{adjective}){{0,2}}\s*:\s+(?P<about>)(?=\S)",
        "greeting": rf"^(?:{g.any_of('make')}\s+(?:{g.any_of('to_us')}\s+)?)?(?:{det}\s+)?{short}"
        rf"(?P<greeting>{g.any_of('greetings')})(?:[\s-]+|s?(?=\w))(?:{adjective}\s+){{0,2}}{g.any_of('media')}"
        rf"\s+(?P<to>for|to|für|an)\s+",
        "we_act": rf"^(?={g.any_of('we_act')}\s+{g.any_of('we_act_on')}(?!\w))",
        "announce": rf"^{g.any_of('announce')}(?!\w)\s*:?\s*(?:that\s+)?{named}",
        "explain": explain,
        "show": rf"^{g.any_of('show')}(?!\w)\s*:?\s*(?!{ask}\b)",
        "say": rf"^{g.any_of('say')}(?!\w)\s*[:,]?\s*",
        "label": rf"^(?P<label>{g.any_of(*labels)})\s*[:：]\s*(?P<value>\S.*)$",
        "direction": rf"^{g.any_of('direction', 'leave_out')}$",
        "leave_out": rf"^{g.any_of('leave_out')}$",
        "leading": rf"^(?:{aside})(?:\s*[,:]\s*|\s+(?=\w))",
        "trailing": rf"[\s,;–—-]+(?:{aside})\s*[.!]?$",
        "audience": rf"[\s,;–—-]+(?:{g.any_of('audience')})\s*[.!]?$",
        "for_whom": rf"^{g.any_of('audience', 'audience_sentence')}[\s.!]*$",
        "pupils": rf"\s+{g.any_of('pupils')}$",
        "kind": rf"^(?:{det}\s*)?(?:{adjective}\s+){{0,3}}{g.any_of('media')}"
        rf"(?:\s+{adjective}){{0,2}}\s+(?:{g.any_of('audience')})[\s.!]*$",
        "bare": rf"^{g.any_of('polite', 'make')}\s.*?(?<!\w){g.any_of('media')}[\s.!?]*$"
        rf"|^{_GREETING}[\s.!]*$|^(?:[\w-]+\s){{0,2}}{_VIDEO}s?(?: \w+)?[.:]$",
        "call": rf"^(?:{g.any_of('call_link')}(?:{g.any_of('call')}))$",
    }
    return Patterns(**{name: re.compile(text, re.IGNORECASE) for name, text in compiled.items()})
