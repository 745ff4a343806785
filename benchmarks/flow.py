"""The video that benchmarks of the orchestration ask for, and all that is made of it."""

from collections import Counter

STORY = {
    "prompt": "A lighthouse keeper wakes before dawn and lights the lamp. "
    "The storm throws a bottle onto the rocks below. "
    "She reads the letter inside it by the fire. "
    "At noon she rows her small boat out to sea. "
    "An old sailor waves from a distant island shore. "
    "They share the last bread and watch the sunset together.",
    "duration": 48,
}
"""Six sentences, because each one becomes a beat; each is long enough for two clips."""

KINDS = Counter(plan=1, image=6, card=1, voice=6, music=1, clip=12, conform=13, cut=1)
"""All jobs of such a video; their side has as many tasks."""
