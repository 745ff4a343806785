"""Copies of frozen values with some fields changed.

`dataclasses.replace` reads each field by its name and sets each again. Of a value with fifty fields
that takes longer than most of what is decided about it.
"""

from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:  # so that the names and types of the fields are checked
    from dataclasses import replace as change
else:

    def change(value: T, /, **changes: Any) -> T:
        """Return a copy of a dataclass without slots, and without `__post_init__`."""
        copy = object.__new__(type(value))
        copy.__dict__.update(value.__dict__)
        copy.__dict__.update(changes)
        return copy


__all__ = ["change"]
