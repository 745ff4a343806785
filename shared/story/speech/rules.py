"""The rules by which written English is said: each a pattern, and the words for what it finds.

Pure. They are tried in this order, and what one rule has taken, no later one sees: money comes
before numbers, dates before fractions.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.story.speech.numbers import (
    say_count,
    say_digits,
    say_fraction,
    say_number,
    say_place,
    say_year,
)
from shared.story.speech.units import (
    ABBREVIATIONS,
    CURRENCIES,
    DAYS,
    MONTHS,
    SCALES,
    SIGNS,
    UNITS,
)

Found = re.Match[str]


class Rule(NamedTuple):
    """A pattern, and what is said for it; None where it is no such thing after all."""

    pattern: re.Pattern[str]
    said: Callable[[Found], str | None]
    is_of_figures: bool = False
    """It finds nothing in a text without a figure, as most texts are."""


def _either(names: Mapping[str, str] | list[str]) -> str:
    """Return a pattern for one of these, the longest first."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_TO = r"\s?(?:-|–|—|to)\s?"  # what stands between the ends of a range
_START, _END = r"(?<![\w.,])", r"(?![\w]|[.,]\d)"
_MONTH = "|".join(rf"{month}|{month[:3]}\.?|{month[:4]}\." for month in MONTHS)
_MONEY = _either(CURRENCIES)
_SCALE = rf"(?:\s?(?P<scale>thousand|million|billion|trillion|{_either(SCALES)})\b)?"
_TOP_LEVEL = r"(?:com|org|net|io|co|uk|dev|app|ai|shop|store|eu|us|tv|me|info|edu|gov)"
_PER = r"(?:/(?P<per>month|mo|year|yr|week|wk|day|hour|hr|min|person|night|user|kg|lb|item)\b)?"
_PERIODS = {"mo": "month", "yr": "year", "wk": "week", "hr": "hour", "min": "minute"}
_PERIODS |= {"kg": "kilogram", "lb": "pound"}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}


def _choose(names: str, number: str, several: int = 1) -> str:
    """Return the name of one or of several, as the number says."""
    return names.split("|")[0 if number == "1" else several]


def _say_address(found: Found) -> str:
    words = re.sub(r"^(?:https?://)?(?:www\.)?", "", found[0].rstrip("/"), flags=re.IGNORECASE)
    for sign, word in ((".", "dot"), ("/", "slash"), ("@", "at"), ("-", "dash"), ("_", " ")):
        words = words.replace(sign, f" {word} ")
    return " ".join(re.sub(r"\d+", lambda number: say_digits(number[0]), words).split())


def _say_money(found: Found) -> str:
    currency = CURRENCIES[found["before"] or found["after"]]
    amount = found["amount"].replace(",", "")
    if scale := found["scale"]:
        said = f"{say_number(amount)} {SCALES.get(scale, scale)} {currency.split('|')[1]}"
    else:
        said = _say_amount(amount, currency)
    per = found.groupdict().get("per")
    return f"{said} per {_PERIODS.get(per, per)}" if per else said


def _say_amount(amount: str, currency: str) -> str:
    whole, _, part = amount.partition(".")
    if len(part) not in (0, 2):
        return f"{say_number(amount)} {currency.split('|')[1]}"
    said = [f"{say_count(int(whole))} {_choose(currency, whole)}"] if int(whole or "0") else []
    if int(part or "0"):
        one, several = currency.split("|")[2:]
        said.append(f"{say_count(int(part))} {one if int(part) == 1 else several}")
    return " and ".join(said) or f"zero {currency.split('|')[1]}"


def _say_month_first(found: Found) -> str | None:
    return _say_date(_find_month(found["month"]), found["day"], found["year"])


def _find_month(name: str) -> int:
    return next(n for n, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def _say_date(month: int, day: str, year: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= int(day) <= 31):
        return None
    said = f"{MONTHS[month - 1]} {say_place(int(day))}"
    return f"{said}, {say_year(int(year))}" if year else said


def _say_time(found: Found) -> str | None:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if hour > 24 or minute > 59:
        return None
    half = re.sub(r"[^apm]", "", (found["half"] or "").lower())
    said = say_count(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{say_count(minute)}"
    elif not half:
        said += " o'clock" if 1 <= hour <= 12 else " hundred hours"
    return f"{said} {half[0].upper()} M{_find_stop(found)}" if half else said


def _say_unit(found: Found) -> str:
    number = found["number"]
    if scale := found["scale"]:
        return f"{say_number(number)} {scale} {_choose(UNITS[found['unit']], '')}"
    # "a 14 kg bike" has one of it before another word; "a 5 km" has none after it
    is_adjective = re.search(r"\b(?:an?|our|my|its)\s$", found.string[: found.start()], re.I)
    is_adjective = is_adjective and re.match(r"\s[a-z]", found.string[found.end() :])
    return f"{say_number(number)} {_choose(UNITS[found['unit']], '1' if is_adjective else number)}"


def _say_range(found: Found) -> str:
    names = UNITS.get(found["unit"] or "", "|")
    if found["unit"] == "%":
        names = "percent|percent"
    return f"{say_number(found[1])} to {say_number(found[2])} {names.split('|')[1]}".strip()


def _say_decade(found: Found) -> str:
    century, tens = found[1] or "", int(found[2])
    name = say_count(tens)[:-1] + "ies" if tens else "hundreds"
    if century and not tens:
        return "two thousands" if century == "20" else f"{say_count(int(century))} hundreds"
    return f"{say_count(int(century))} {name}" if century else name


def _say_fraction(found: Found) -> str | None:
    above, below = int(found[1]), int(found[2])
    return say_fraction(above, below) if 0 < above < below <= 16 else None


def _say_roman(found: Found) -> str:
    return f"{found[1]} {say_count(_read_roman(found[2]))}"


def _say_reign(found: Found) -> str:
    return f"{found[1]} the {say_place(_read_roman(found[2]))}"


def _read_roman(letters: str) -> int:
    values = [_ROMAN[letter] for letter in letters]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)


def _say_abbreviation(found: Found) -> str:
    return ABBREVIATIONS[found[0]] + _find_stop(found)


def _find_stop(found: Found) -> str:
    """Return the full stop of a sentence that an abbreviation ends: it has but one for both."""
    return "." if found[0].endswith(".") and found.end() == len(found.string) else ""


def _rule(pattern: str, said: Callable[[Found], str | None], flags: int = 0) -> Rule:
    return Rule(re.compile(pattern, flags), said)


def _of_figures(pattern: str, said: Callable[[Found], str | None], flags: int = 0) -> Rule:
    return Rule(re.compile(pattern, flags), said, is_of_figures=True)


RULES: tuple[Rule, ...] = (
    _rule(
        # looked for once in each word that has a dot in it: else this takes longer than all others
        r"(?<![\w.+-])(?=\S*\.\w)"
        rf"[\w.+-]*@?(?:https?://|www\.)?[\w-]+(?:\.[\w-]+)*\.{_TOP_LEVEL}\b(?:/[\w/-]*)?",
        _say_address,
    ),
    _of_figures(r"#(?=\d)", lambda found: "number "),
    _rule(r"#(?=\w)", lambda found: "hashtag "),
    _of_figures(r"\b24/7\b", lambda found: "twenty-four seven"),
    _of_figures(
        rf"{_START}(?P<hour>\d{{1,2}})(?::(?P<minute>\d\d))\s?(?P<half>[ap]\.?m\b\.?)?(?![\w:])",
        _say_time,
        re.IGNORECASE,
    ),
    _of_figures(
        rf"{_START}(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d\d))?\s?(?P<half>[ap]\.?m\b\.?)",
        _say_time,
        re.IGNORECASE,
    ),
    _of_figures(r"(?<=\d[ap]m)\s?[-–—]\s?(?=\d)", lambda found: " to ", re.IGNORECASE),
    _of_figures(
        rf"{_START}(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){_END}",
        lambda found: _say_date(int(found[2]), found[1], found[3]),
    ),
    _of_figures(
        rf"{_START}(\d{{4}})-(\d\d)-(\d\d){_END}",
        lambda found: _say_date(int(found[2]), found[3], found[1]),
    ),
    _of_figures(
        rf"{_START}(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}){_END}",
        lambda found: _say_date(int(found[1]), found[2], found[3]),
    ),
    _of_figures(
        rf"\b(?P<month>{_MONTH})\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year>\d{{4}}))?{_END}",
        _say_month_first,
    ),
    _of_figures(
        rf"{_START}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?P<month>{_MONTH})(?:,?\s(?P<year>\d{{4}}))?{_END}",
        _say_month_first,
    ),
    _of_figures(
        rf"(?<!\w)(?P<before>{_MONEY})\s?(?P<amount>{_NUMBER}){_SCALE}(?P<after>){_PER}", _say_money
    ),
    _of_figures(
        rf"{_START}(?P<before>)(?P<amount>{_NUMBER}){_SCALE}\s?(?P<after>{_MONEY})(?!\w){_PER}",
        _say_money,
    ),
    _of_figures(rf"{_START}({_NUMBER})\s?¢", lambda found: f"{say_number(found[1])} cents"),
    _of_figures(
        r"(?<![\w-])\+?(?:1[-. ])?(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])|"
        r"(?<![\w-])\d{3}-\d{4}(?![\w-])",
        lambda found: ", ".join(map(say_digits, re.findall(r"\d+", found[0]))),
    ),
    _of_figures(
        r"(?<![\w.,-])(?:\+\d{2}\s?(?:\(0\)\s?)?\d{2,4}|0\d{2,4})(?:[ -]\d{2,8}){1,4}(?![\w-])"
        r"|(?<![\w.,-])\d{5}\s\d{5}(?![\w-])",
        lambda found: ", ".join(map(say_digits, re.findall(r"\d+", found[0]))),
    ),
    _of_figures(r"(?:(?<!\w)['’]|(?<!\w)([12]\d)|(?<=\bthe\s))(\d0)['’]?s\b", _say_decade),
    _of_figures(r"\b([248])K\b", lambda found: f"{say_number(found[1])} K"),
    _of_figures(r"(?<=\d)\s?[-–]\s?(?=[$€£])", lambda found: " to "),
    _of_figures(
        rf"{_START}({_NUMBER}){_TO}({_NUMBER})\s?(?P<unit>%|{_either(UNITS)})(?!\w)", _say_range
    ),
    _of_figures(
        rf"{_START}({_NUMBER})\s?(?:%|percent\b)", lambda found: f"{say_number(found[1])} percent"
    ),
    _of_figures(
        rf"{_START}(?P<number>{_NUMBER})(?:\s(?P<scale>thousand|million|billion))?(?:\s|-)?(?P<unit>{_either(UNITS)})(?![\w/])",
        _say_unit,
    ),
    _of_figures(
        rf"{_START}({_NUMBER})\s?([kKM]|bn)\b", lambda f: f"{say_number(f[1])} {SCALES[f[2]]}"
    ),
    _of_figures(r"\b(\d+)(?:st|nd|rd|th)\b", lambda found: say_place(int(found[1]))),
    _of_figures(rf"{_START}(\d{{1,2}})/(\d{{1,2}}){_END}", _say_fraction),
    _rule(
        r"\b(Chapter|Part|War|Act|Scene|Volume|Episode|Phase|Type|Mark|Book|Season)\s([IVXL]+)\b",
        _say_roman,
    ),
    _of_figures(rf"{_START}({_NUMBER})\s?[–-]\s?({_NUMBER})(?P<unit>){_END}", _say_range),
    _of_figures(
        r"\b(\d+(?:\.\d+){2,})\b", lambda f: " point ".join(map(say_number, f[1].split(".")))
    ),
    _of_figures(rf"{_START}(1[1-9]\d\d|20\d\d){_END}", lambda found: say_year(int(found[1]))),
    _rule(r"\b(?:[A-Z]\.){2,}", lambda f: " ".join(f[0].replace(".", "")) + _find_stop(f)),
    _of_figures(r"\bNo\.\s?(?=\d)", lambda found: "number "),
    _rule(r"\bSt\.\s(?=[A-Z])", lambda found: "Saint "),
    _rule(r"(?<=\w\s)St\.", lambda found: "Street"),
    _rule(rf"(?<![\w.])(?:{_either(ABBREVIATIONS)})(?!\w)", _say_abbreviation),
    _rule(
        r"\b(Henry|Louis|Charles|Elizabeth|George|Edward|James|Richard|Philip|Pius|Benedict)\s"
        r"([XVI]{2,}|V|X)\b",
        _say_reign,
    ),
    _of_figures(rf"\b({_either(DAYS)})(?=\s\d)", lambda found: DAYS[found[1]]),
    _rule(rf"\b({_either(DAYS)})\.(?=\s|,|$)", lambda found: DAYS[found[1]] + _find_stop(found)),
    _rule(
        rf"\b({'|'.join(month[:3] for month in MONTHS if month != 'May')}|Sept)\.(?=\s)",
        lambda found: MONTHS[_find_month(found[1]) - 1],
    ),
    _of_figures(r"(?<![\w.])[-−](?=\d)", lambda found: "minus "),
    _of_figures(rf"{_NUMBER}", lambda found: say_number(found[0])),
    _rule(r"(?<=[^\W\d_])/(?=[^\W\d_])", lambda found: " "),
    _rule(f"[{''.join(map(re.escape, SIGNS))}]", lambda found: f" {SIGNS[found[0]]} "),
    _rule(r"[™®©*_^|<>{}\[\]\\•]|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]", lambda f: " "),
)
