"""Says English numbers in words: how many, which one in a row, a year, a fraction. Pure."""

ENGLISH = "en-us"
"""As espeak-ng calls it."""

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MOST = 10 ** (3 * len(_SCALES))


def say_count(number: int) -> str:
    """Return how many, in words: 1,250 is "one thousand two hundred fifty"."""
    if number >= _MOST:
        return say_digits(str(number))
    if number == 0:
        return _SMALL[0]
    groups: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(f"{_say_group(group)} {scale}".strip())
    return " ".join(reversed(groups))


def _say_group(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [_SMALL[hundreds], "hundred"] if hundreds else []
    if rest < 20:
        words += [_SMALL[rest]] if rest else []
    else:
        tens, ones = divmod(rest, 10)
        words.append(_TENS[tens] + (f"-{_SMALL[ones]}" if ones else ""))
    return " ".join(words)


def say_place(number: int) -> str:
    """Return which one in a row: 21 is "twenty-first"."""
    before, dash, last = say_count(number).rpartition("-")
    if not dash:
        before, dash, last = say_count(number).rpartition(" ")
    return before + dash + _make_ordinal(last)


def _make_ordinal(word: str) -> str:
    if word in _ORDINALS:
        return _ORDINALS[word]
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"


def say_digits(digits: str) -> str:
    """Return the digits one by one."""
    return " ".join(_SMALL[int(digit)] for digit in digits)


def say_number(text: str) -> str:
    """Return a number with commas and a point: 3.05 is "three point zero five"."""
    whole, _, part = text.replace(",", "").partition(".")
    # a leading zero is a code or a number to dial, not a count
    said = say_digits(whole) if len(whole) > 1 and whole[0] == "0" else say_count(int(whole or "0"))
    return f"{said} point {say_digits(part)}" if part else said


def say_year(year: int) -> str:
    """Return a year: 1999 is "nineteen ninety-nine", 2005 "two thousand five"."""
    century, rest = divmod(year, 100)
    if year % 1000 < 10 or year < 1000:
        return say_count(year)
    if rest == 0:
        return f"{say_count(century)} hundred"
    return f"{say_count(century)} {'oh ' if rest < 10 else ''}{say_count(rest)}"


def say_fraction(above: int, below: int) -> str:
    """Return a fraction: 3/4 is "three quarters"."""
    name = {2: "half", 4: "quarter"}.get(below) or say_place(below)
    if above == 1:
        return f"one {name}"
    return f"{say_count(above)} {'halves' if below == 2 else name + 's'}"
