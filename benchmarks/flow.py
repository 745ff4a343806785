"""The video that benchmarks of the orchestration ask for, and all that is made of it."""

from collections import Counter

STORY = {
    "prompt": "In the lighthouse the keeper wakes long before dawn and lights the great lamp again. "
    "In the forest behind it the storm breaks an old tree and throws it across the path. "
    "In the kitchen she dries a wet letter by the fire and reads it until the morning. "
    "At noon she walks through the dry desert with a small lamp against the wind. "
    "On a market square in the old town a sailor waves to her from far away. "
    "On the mountain above it they share the last bread and watch the sunset together.",
    "duration": 48,
}
"""Six sentences, because each one becomes a beat; saying each takes more than one clip.

Each has a place of its own: one that came twice would be drawn first, for both."""

KINDS = Counter(plan=1, image=6, card=1, voice=6, music=1, clip=12, conform=13, cut=1)
"""All jobs of such a video; their side has as many tasks."""
