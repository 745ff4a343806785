"""How fast each voice speaks each language. Pure data, written by `make measure-voices`.

(voice, language) → the seconds of a letter, a pause, the end of a sentence, and of both ends.
"""

RATES: dict[tuple[str, str], tuple[float, float, float, float]] = {
    ("espeak", "cmn"): (0.398, -0.023, -0.627, -0.843),
    ("espeak", "de"): (0.077, 0.075, 0.39, 0.008),
    ("joe", "en-us"): (0.07, 0.406, 0.55, 0.408),
    ("espeak", "en-us"): (0.082, 0.355, 0.594, 0.415),
    ("espeak", "es"): (0.075, 0.168, 0.403, 0.224),
    ("espeak", "fr"): (0.057, 0.221, 0.544, 0.239),
    ("espeak", "it"): (0.085, -0.029, 0.314, -0.048),
    ("espeak", "ja"): (0.151, 0.424, 0.166, -0.041),
    ("espeak", "nl"): (0.086, -0.016, 0.336, -0.033),
    ("espeak", "pt"): (0.091, 0.003, 0.242, -0.092),
    ("espeak", "ru"): (0.081, -0.113, 0.166, -0.033),
    ("espeak", "*"): (0.082, 0.075, 0.336, -0.033),
}
