"""The video that benchmarks of the orchestration ask for, and all that is made of it."""

from collections import Counter

STORY = {
    "prompt": "A lighthouse keeper wakes long before dawn and lights the great lamp again. "
    "The storm throws a green bottle with a letter onto the black rocks below. "
    "She dries the letter by the fire and reads it until the morning. "
    "At noon she rows her small boat out to sea against the wind. "
    "An old sailor waves to her from the shore of a distant island. "
    "They share the last bread on the beach and watch the sunset together.",
    "duration": 48,
}
"""Six sentences, because each one becomes a beat; saying each takes more than one clip."""

KINDS = Counter(plan=1, image=6, card=1, voice=6, music=1, clip=12, conform=13, cut=1)
"""All jobs of such a video; their side has as many tasks."""
