"""Tells a colour from the flower that has its name: "flamencos rosas" are no roses. Pure."""

import re

from shared.engines.local.grammar import WORD, Grammar


def drop_hues(text: str, grammar: Grammar) -> str:
    """Return a text without the words that are a flower elsewhere, and here a colour or a verb."""
    one, several = grammar.words("hue"), grammar.words("hues")
    if not one | several or not any(word in text.lower() for word in one | several):
        return text
    words = [*WORD.finditer(text)]
    told = [re.split(r"['’]", match.group().lower())[-1] for match in words]
    for at in reversed(range(len(words))):
        is_hue = (told[at] in one and _follows_noun(told, at, grammar)) or (
            told[at] in several and _describes(told, at, grammar)
        )
        if is_hue:
            text = text[: words[at].start()] + text[words[at].end() :]
    return text


def _follows_noun(told: list[str], at: int, grammar: Grammar) -> bool:
    """Tell whether nothing before a word says that it is a noun: one flower has an article."""
    return at > 0 and not _leads_noun(told[at - 1], grammar)


def _describes(told: list[str], at: int, grammar: Grammar) -> bool:
    """Tell whether a word in the plural follows "are", or a noun with an article of its own."""
    if at == 0 or _leads_noun(told[at - 1], grammar):
        return False
    before = told[at - 1]
    return grammar.has("are", before) or (at > 1 and _leads_noun(told[at - 2], grammar))


def _leads_noun(word: str, grammar: Grammar) -> bool:
    """Tell whether a noun comes behind a word: an article, "with", a number, "beautiful"."""
    signs = grammar.words("noun_signs") | grammar.words("joining")
    return word in signs or word.isdigit() or grammar.has("articles", word)
