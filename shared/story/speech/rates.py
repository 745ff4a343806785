"""How fast each voice speaks each language. Pure data, written by `make measure-voices`.

(voice, language) → the seconds of a letter, a pause, the end of a sentence, and of both ends.
"""

RATES: dict[tuple[str, str], tuple[float, float, float, float]] = {
    ("espeak", "ar"): (0.128, 0.0, 0.391, 0.185),
    ("espeak", "cmn"): (0.313, 0.294, 0.206, 0.0),
    ("espeak", "de"): (0.077, 0.075, 0.39, 0.008),
    ("espeak", "el"): (0.08, 0.12, 0.137, 0.008),
    ("joe", "en-us"): (0.07, 0.406, 0.55, 0.408),
    ("espeak", "en-us"): (0.082, 0.355, 0.594, 0.415),
    ("espeak", "es"): (0.075, 0.168, 0.403, 0.224),
    ("espeak", "fr"): (0.057, 0.221, 0.544, 0.239),
    ("espeak", "he"): (0.1, 0.377, 0.303, 0.035),
    ("espeak", "hi"): (0.108, 0.04, 0.335, 0.096),
    ("espeak", "it"): (0.084, 0.006, 0.329, 0.0),
    ("espeak", "ja"): (0.148, 0.457, 0.205, 0.0),
    ("espeak", "ko"): (0.176, 0.322, 0.946, 0.781),
    ("espeak", "nl"): (0.085, 0.005, 0.343, 0.0),
    ("espeak", "pt"): (0.088, 0.067, 0.283, 0.0),
    ("espeak", "ru"): (0.076, 0.0, 0.193, 0.077),
    ("espeak", "*"): (0.084, 0.144, 0.339, 0.056),
}
