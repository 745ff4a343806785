"""The models that may be run: read from catalog.toml, checked, picked by tier or name."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from pydantic import Field, ValidationError

from shared.engines.replicate.models import Dollars, Entry, Model, ModelKind
from shared.engines.replicate.selfcheck import find_faults
from shared.story.brief import Tier
from shared.story.errors import BadInput, PermanentError
from shared.story.kinds import KINDS

FILE = "catalog.toml"
TIERS: tuple[Tier, ...] = get_args(Tier)
DEFAULT: Tier = "standard"
MADE_AS: Mapping[str, str] = {kind.name: kind.models_of for kind in KINDS if kind.models_of}
"""Kinds of job whose models are another kind's: a picture is a picture."""


class BadCatalog(PermanentError):
    """The catalog contradicts itself: every fault is named, with the entry that it stands in."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(f"the catalog of models has mistakes: {'; '.join(faults)}")
        self.faults = tuple(faults)


class Catalog(Entry):
    """All models, the tiers that name them, and what a second of each hardware costs."""

    models: tuple[Model, ...]
    tiers: Mapping[ModelKind, Mapping[Tier, str]]
    hardware: Mapping[str, Dollars] = Field(default_factory=dict)

    def model(self, name: str) -> Model | None:
        """Return the model of this name; None where there is none."""
        return next((model for model in self.models if model.name == name), None)

    def of_kind(self, kind: ModelKind) -> list[Model]:
        """Return the models of a kind."""
        return [model for model in self.models if kind in model.kinds]

    def list_for(self, kind: str) -> list[str]:
        """Return the names of all models that may be run for a kind of job."""
        return [model.name for model in self.of_kind(self._read_kind(kind))]

    def pick(self, kind: str, wish: str | Sequence[str] | None = None) -> tuple[Model, ...]:
        """Return the models that a wish means, in turn, and then those they fall back to.

        A wish is a tier, the name of a model, several of them, or nothing.
        """
        names = [wish] if isinstance(wish, str) else list(wish or ())
        sort = self._read_kind(kind)
        first = [self._find(sort, name) for name in names or [DEFAULT]]
        chain = {model.name: model for model in first}
        for model in first:
            chain |= {next_.name: next_ for next_ in self._follow(model)}
        return tuple(chain.values())

    def _read_kind(self, kind: str) -> ModelKind:
        sort = MADE_AS.get(kind, kind)
        for known in get_args(ModelKind):
            if sort == known:
                return known  # type: ignore[no-any-return]
        raise BadInput(f"no model makes “{kind}”: there are models for {_list(self.tiers)}", "kind")

    def _find(self, kind: ModelKind, wish: str) -> Model:
        named = self.tiers[kind].get(wish, wish)  # type: ignore[call-overload]
        model = self.model(named)
        if model is not None and kind in model.kinds:
            return model
        what = f"is a model for {_list(model.kinds)}" if model else "is no model"
        offer = f"{_list(TIERS)}, or {_list(model.name for model in self.of_kind(kind))}"
        raise BadInput(f"“{wish}” {what}; for {kind}, ask for {offer}", "models")

    def _follow(self, model: Model) -> Iterator[Model]:
        """Yield the models that this one falls back to."""
        while model.fallback and (following := self.model(model.fallback)):
            yield following
            model = following


def read_catalog(text: str) -> Catalog:
    """Return the catalog of a text; raises BadCatalog, which names each mistake."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadCatalog([f"it can't be read: {error}"]) from error
    try:
        catalog = Catalog.model_validate(raw)
    except ValidationError as error:
        raise BadCatalog([_explain(raw, dict(fault)) for fault in error.errors()]) from error
    if faults := find_faults(catalog.models, catalog.tiers, catalog.hardware):
        raise BadCatalog(faults)
    return catalog


@cache
def load() -> Catalog:
    """Return the catalog of this version; raises BadCatalog."""
    return read_catalog(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))


def pick(kind: str, wish: str | Sequence[str] | None = None) -> tuple[Model, ...]:
    """Return the models of this version that a wish means, and those they fall back to."""
    return load().pick(kind, wish)


def _explain(raw: Mapping[str, Any], fault: Mapping[str, Any]) -> str:
    """Return what is wrong and where, with a model's name in place of its number."""
    place = [str(step) for step in fault["loc"]]
    if len(place) > 1 and place[0] == "models":
        entry = raw["models"][int(place[1])]
        name = entry.get("name", f"entry {place[1]}") if isinstance(entry, dict) else place[1]
        place = [str(name), *place[2:]]
    words = "is not a name that the catalog knows" if fault["type"] == "extra_forbidden" else None
    return f"{': '.join(place)}: {words or fault['msg']}"


def _list(names: Any) -> str:
    return ", ".join(names)
