"""Texts out of all of Unicode, the troublesome parts of it often, and what a terminal obeys."""

import re

from hypothesis import strategies as st

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_TROUBLE = st.sampled_from(
    [
        *"\n\r\v\f\t\x1b\x1c\x1d\x1e\x1f\x7f\x85\x9b\u2028\u2029\ufeff\0",
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
        *"\u0301\u0489\u20e3\ufe0f\u200b\u200c\u200d\u00ad\u2060\u3164\u2800\u034f",
        *"\ud800\udbff\udc00\udfff\ufffe\uffff\U0010ffff\U000e0041\U000e0001\ue000",
        *"🚀👩🏽🏴🇩﷽ﬃß字שم",
        "\x1b[31m", "\x1b]0;title\a", "👩\u200d👩\u200d👧", "1\ufe0f\u20e3", "\r\n",
        "e" + "\u0301" * 40, "W" * 90, "字" * 90, "x " * 60,
    ]
)  # fmt: skip


def any_text(most: int = 30) -> st.SearchStrategy[str]:
    """Up to so many parts: any character there is, trouble, and words."""
    parts = st.one_of(st.characters(codec=None), _TROUBLE, st.sampled_from(["Wake ", "up ", "!"]))
    return st.lists(parts, max_size=most).map("".join)
