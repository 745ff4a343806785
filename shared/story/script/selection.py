"""Which moments of a script make its trailer, in which order, and why. Pure.

A trailer opens with what makes one ask, brings in people and places as the script does, turns in
its middle, raises what is at stake, and stops before the ending: the last fifth of a script is
never shown. But for the opening, all stays in the script's own order.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from shared.story.errors import BadInput
from shared.story.script.moments import Moment, list_moments, measure, soften
from shared.story.script.parts import Character, Line, Pick, Scene, Script
from shared.story.script.words import DAYTIMES

ENDING = 0.8
"""From here on a script is its ending, which a trailer does not give away."""
OPENING = 0.6  # the hook comes from before here
LONGEST_LINE = 7.0  # seconds
SHORTEST_BEAT = 5.0
_PICTURE, _ACTION = 420, 160  # letters

SHOTS = (
    "Wide view of",
    "Close view of",
    "Medium view of",
    "Low view of",
    "View from above of",
    "View over the shoulder in",
    "Long view of",
)

Role = Callable[[Moment], float]


def select(script: Script, cast: Sequence[Character], seconds: float) -> tuple[Pick, ...]:
    """Return the moments of a trailer of so many seconds."""
    wanted = count_beats(seconds)
    longest = min(LONGEST_LINE, max(3.0, 1.3 * seconds / wanted))
    moments = list_moments(script, cast, longest)
    if not moments:
        raise BadInput("nothing in the script is short enough to be said or seen in a trailer")
    open_ = _leave_ending_out(moments, wanted)
    chosen = _choose(open_, wanted)
    looks = {each.name: each.look for each in cast}
    return tuple(
        _build_pick(moment, why, n, looks, _list_recurring(chosen))
        for n, (moment, why) in enumerate(chosen)
    )


def count_beats(seconds: float) -> int:
    """Return how many beats a trailer has: of about 5 s in a short one, of more in a long one."""
    return max(1, min(int(seconds // SHORTEST_BEAT), 4 + round(seconds / 14)))


def _leave_ending_out(moments: Sequence[Moment], wanted: int) -> list[Moment]:
    """Return the moments before the ending; of a script of few moments at least the last is out."""
    before = [moment for moment in moments if moment.at < ENDING]
    if len(before) >= min(wanted, 2):
        return before
    return list(moments[:-1]) or list(moments)


# ── the choice ──────────────────────────────────────────────────────────────────────────────────


def _choose(moments: Sequence[Moment], wanted: int) -> list[tuple[Moment, str]]:
    """Return the moments of each beat with the reason for it, in the order of the trailer."""
    first = _best(
        [m for m in moments if m.at < OPENING] or moments,
        lambda m: m.hook + 0.5 * m.faces,
        Counter(),
        (),
    )
    assert first is not None, "there is at least one moment"
    chosen = [first]
    others: list[tuple[Moment, str]] = []
    roles = _list_roles(wanted - 1)
    for n, (role, name) in enumerate(roles):
        window = moments[len(moments) * n // len(roles) : len(moments) * (n + 1) // len(roles)]
        used = Counter(moment.scene.number for moment in chosen)
        # where a part of the script has nothing left, any other may stand in for it
        best = _best(window, role, used, chosen) or _best(moments, role, used, chosen)
        if best is not None:
            chosen.append(best)
            others.append((best, name))
    others.sort(key=lambda each: each[0].at)
    told = [(first, f"hook: {_explain_hook(first)}")]
    return told + [(moment, _explain(moment, name)) for moment, name in others]


def _list_roles(count: int) -> list[tuple[Role, str]]:
    """Return what each beat after the hook is to do, in order."""
    if count == 1:
        return [(_rise, "stakes")]
    middle = count // 2
    roles: list[tuple[Role, str]] = []
    for n in range(count):
        if n == count - 1:
            roles.append((_rise, "last"))
        elif n == middle:
            roles.append((lambda m: m.turn + 0.5 * m.faces, "turn"))
        elif n < middle:
            roles.append((lambda m: m.faces + 0.8 * bool(m.arrivals) + 0.2 * m.hook, "development"))
        else:
            roles.append((_rise, "stakes"))
    return roles


def _rise(moment: Moment) -> float:
    return moment.stakes + 0.5 * moment.faces + 0.3 * moment.hook


def _best(
    moments: Sequence[Moment], role: Role, used: Counter[int], chosen: Sequence[Moment]
) -> Moment | None:
    """Return the moment with the highest score, the earliest of several; None where all are used.

    A scene that is shown already counts less, and so does a voice that was heard just before.
    """
    heard = Counter(moment.speaker for moment in chosen)
    said = {moment.words.casefold() for moment in chosen}
    free = [moment for moment in moments if moment.words.casefold() not in said]

    def score(moment: Moment) -> float:
        repeats = 0.8 * used[moment.scene.number] + 0.25 * heard[moment.speaker]
        # whom the script is about must be met
        lead = 0.7 * moment.weight if moment.speaker not in heard else 0.0
        return role(moment) + lead - repeats

    return max(free, key=score, default=None)


# ── the reasons ─────────────────────────────────────────────────────────────────────────────────


def _explain_hook(moment: Moment) -> str:
    if "?" in moment.words:
        return "a question that is not answered yet"
    if words := moment.stake_words:
        return f"it names what it is about: {_list_words(words)}"
    return "it brings in the place" if not moment.speaker else f"it brings in {moment.speaker}"


def _explain(moment: Moment, role: str) -> str:
    what = {
        "development": "development",
        "turn": "turn",
        "stakes": "stakes",
        "last": "last, before the ending, which is not shown",
    }[role]
    reasons = []
    if moment.arrivals:
        reasons.append(f"for the first time {' and '.join(moment.arrivals)}")
    if words := moment.stake_words:
        reasons.append(f"at stake: {_list_words(words)}")
    if "?" in moment.words:
        reasons.append("a question")
    if not reasons:
        who = f"{moment.speaker} speaks" if moment.speaker else "what is seen"
        reasons.append(f"{who}, in scene {moment.scene.number}")
    return f"{what}: {', '.join(reasons)}"


def _list_words(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in dict.fromkeys(words[:3]))


# ── the pictures ────────────────────────────────────────────────────────────────────────────────


def _list_recurring(chosen: Sequence[tuple[Moment, str]]) -> frozenset[str]:
    """Return those who are seen in several beats: each has a picture that keeps them the same."""
    seen = Counter(moment.speaker for moment, _ in chosen if moment.speaker)
    return frozenset(name for name, count in seen.most_common(4) if count > 1)


def _build_pick(
    moment: Moment, why: str, n: int, looks: dict[str, str], recurring: frozenset[str]
) -> Pick:
    scene = moment.scene
    named = next((p for p in moment.people if p in moment.words), "")
    who = "" if moment.unseen else moment.speaker or named
    look = looks.get(who, "")
    featuring = f", featuring {who}{f' ({look})' if look else ''}" if who else ""
    action = _find_action(scene, moment)
    shown = f": {action}" if action else ""
    return Pick(
        scene=scene.number,
        place=f"{scene.place}, {scene.side}" if scene.side else scene.place,
        prompt=f"{SHOTS[n % len(SHOTS)]} {_tell_place(scene)}{shown}{featuring}"[:_PICTURE],
        speaker=moment.speaker,
        words=moment.words,
        characters=(who,) if who and moment.speaker in recurring else (),
        seconds=round(max(SHORTEST_BEAT, measure(moment.words)), 3),
        why=why,
    )


def _tell_place(scene: Scene) -> str:
    """Return where a picture is, and when; "continuous" and "later" are nothing to be seen."""
    if not DAYTIMES.intersection(re.findall(r"[\w-]+", scene.time)):
        return scene.place
    return f"{scene.place}{' at ' if scene.time in _AT else ', '}{scene.time}"


_AT = frozenset(("night", "dawn", "dusk", "noon", "midnight", "sunset", "sunrise", "twilight"))


def _find_action(scene: Scene, moment: Moment) -> str:
    """Return what is to be seen: the action nearest before the words, or that they are said."""
    if not moment.speaker:
        return moment.words.rstrip(" .!?…")
    before: list[Line] = []
    for line in scene.lines:
        if line.speaker and moment.words in line.text:
            break
        before.append(line)
    actions = [line.text for line in before if not line.speaker]
    if not actions:
        return "" if moment.unseen else f"{moment.speaker} speaks"
    shown = soften(actions[-1])
    return (shown[:_ACTION].rpartition(" ")[0] if len(shown) > _ACTION else shown).rstrip(" .!?…,;")
