"""The catalog: whole, sound in itself, clear about its mistakes, compared with the provider."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest

from shared.engines.replicate.catalog import BadCatalog, load, pick, read_catalog
from shared.engines.replicate.compare import compare
from shared.engines.replicate.models import Model, ModelField, ModelKind
from shared.story.errors import BadInput, PermanentError

CATALOG = load()
TEXT = files("shared.engines.replicate").joinpath("catalog.toml").read_text(encoding="utf-8")
KINDS: tuple[ModelKind, ...] = get_args(ModelKind)
CLIP = "kwaivgi/kling-v2.1"


# ── what is there ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_two_models_at_least_and_clips_have_three(kind: ModelKind) -> None:
    assert len(CATALOG.of_kind(kind)) >= (3 if kind == "clip" else 2)


def test_every_model_has_a_price_so_that_each_can_be_run_under_a_cap() -> None:
    assert [model.name for model in CATALOG.models if not (model.price or model.hardware)] == []


def test_a_model_that_makes_sound_of_its_own_has_a_switch_for_it() -> None:
    """Those that are known to: a silent film is not to be paid for with its sound."""
    for name in ("google/veo-3.1", "kwaivgi/kling-v2.6", "bytedance/seedance-2.0-fast"):
        model = CATALOG.model(name)
        assert model is not None and model.has("sound")


def test_the_catalog_is_part_of_an_installed_package() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    assert "*.toml" in project["tool"]["setuptools"]["package-data"]["*"]


# ── picking ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tier", ["draft", "standard", "best"])
def test_a_tier_names_a_model_of_its_kind(kind: ModelKind, tier: Any) -> None:
    chain = pick(kind, tier)
    assert chain[0].name == CATALOG.tiers[kind][tier]
    assert all(kind in model.kinds for model in chain)


@pytest.mark.parametrize("kind", KINDS)
def test_no_wish_means_the_standard_tier(kind: ModelKind) -> None:
    assert pick(kind) == pick(kind, "standard") == pick(kind, []) == pick(kind, None)


def test_a_model_may_be_named_and_brings_those_it_falls_back_to_once_each() -> None:
    chain = [model.name for model in pick("clip", CLIP)]
    assert chain[:2] == [CLIP, "kwaivgi/kling-v2.5-turbo-pro"]
    assert len(set(chain)) == len(chain)


def test_several_names_are_tried_in_their_order_before_any_fallback() -> None:
    chain = [model.name for model in pick("clip", ["minimax/hailuo-02", "draft"])]
    assert chain[:3] == [
        "minimax/hailuo-02",
        "wan-video/wan-2.2-i2v-fast",
        "bytedance/seedance-1-lite",
    ]
    assert len(set(chain)) == len(chain)


@pytest.mark.parametrize("kind", ["reference", "card"])
def test_references_and_cards_are_pictures(kind: str) -> None:
    assert pick(kind, "draft") == pick("image", "draft")


@pytest.mark.parametrize("wish", ["kling", "", "DRAFT", "google/veo-3.1"])
def test_a_wish_for_what_there_is_not_lists_what_there_is(wish: str) -> None:
    with pytest.raises(BadInput, match="standard") as refusal:
        pick("image", [wish])
    assert refusal.value.field == "models"
    for model in CATALOG.of_kind("image"):
        assert model.name in refusal.value.message


def test_a_model_of_another_kind_is_said_to_be_one() -> None:
    with pytest.raises(BadInput, match="is a model for clip; for image"):
        pick("image", "google/veo-3.1")


def test_no_model_conforms_a_clip() -> None:
    with pytest.raises(BadInput, match="no model makes “conform”"):
        pick("conform")


# ── mistakes ────────────────────────────────────────────────────────────────────────────────────

MISTAKES = {
    "a misspelt use": (
        'use = "first_frame", required',
        'use = "fist_frame", required',
        "fist_frame|use",
    ),
    "a misspelt type": (
        'start_image = { type = "file"',
        'start_image = { type = "flie"',
        "start_image",
    ),
    "a misspelt key": ("longest = 2500", "longset = 2500", "longset: is not a name"),
    "a misspelt part": (
        "cancel_after_seconds = 180",
        "cancel_after = 180",
        "cancel_after: is not a",
    ),
    "an unknown fallback": (
        'fallback = "kwaivgi/kling-v2.5-turbo-pro"',
        'fallback = "kwaivgi/kling-v2.5"',
        "falls back to “kwaivgi/kling-v2.5”, which is no model",
    ),
    "a fallback to another kind": (
        'fallback = "kwaivgi/kling-v2.5-turbo-pro"',
        'fallback = "google/lyria-2"',
        "which is for music",
    ),
    "a circle": (
        'name = "bytedance/seedance-1-lite"\n',
        'name = "bytedance/seedance-1-lite"\nfallback = "prunaai/p-video"\n',
        "go round in a circle",
    ),
    "an unknown model of a tier": (
        'best = "google/veo-3.1"',
        'best = "google/veo-9"',
        "tiers: clip: best: “google/veo-9” is no model",
    ),
    "a tier of another kind": (
        'best = "google/veo-3.1"',
        'best = "google/lyria-2"',
        "“google/lyria-2” is for music",
    ),
    "a tier that is missing": ('best = "google/veo-3.1"\n', "", "tiers: clip: best names no model"),
    "a default that is not offered": (
        'default = "standard"',
        'default = "std"',
        "its default: mode",
    ),
    "a value of a rule": ('need = { mode = ["pro"] }', 'need = { mode = ["prp"] }', "a rule: mode"),
    "a field of a rule": ('given = ["end_image"]', 'given = ["end_imag"]', "the field “end_imag”"),
    "a field of a price": (
        'when = { mode = "standard" }',
        'when = { mdoe = "standard" }',
        "“mdoe”",
    ),
    "a value of a price": (
        'when = { mode = "standard" }',
        'when = { mode = "std" }',
        "a price: mode",
    ),
    "a metric": ('metric = "character_input_count"', 'metric = "character_count"', "metric"),
    "a free model": ("usd = 0.039", "usd = 0", "usd"),
    "a price of a metric nobody can bound": (
        '{ metric = "image_output_count", usd = 0.039 }',
        '{ metric = "video_output_duration_seconds", usd = 0.039 }',
        "how long its output is nobody says",
    ),
    "a case without a price": (
        '{ metric = "video_output_duration_seconds", usd = 0.09 }',
        '{ metric = "video_output_duration_seconds", usd = 0.09, when = { mode = "pro" } }',
        "some input would have no price",
    ),
    "a price that none reaches": (
        'usd = 0.05, when = { mode = "standard" }',
        "usd = 0.05",
        "those after it are never used",
    ),
    "hardware": ('hardware = "L40S"', 'hardware = "L40X"', "“L40X” costs is not known"),
    "a version": ('version = "8c47da66', 'version = "8c47da6', "lightricks/ltx-video: version"),
    "a date": ("checked = 2026-11-01", 'checked = "soon"', "checked"),
    "two of one use": (
        'use = "last_frame"',
        'use = "first_frame"',
        "two fields carry its first_frame",
    ),
    "a use of the wrong type": (
        'start_image = { type = "file"',
        'start_image = { type = "string"',
        "a field for first_frame is file, not string",
    ),
    "a model without a prompt": (
        'text = { type = "string", use = "prompt", required = true }',
        "",
        "no field carries its prompt, which voice needs",
    ),
    "a size nobody knows": ('"4k"]', '"4k", "8k"]', "the size of “8k” is not known"),
    "a required field that nothing fills": (
        'camera_fixed = { type = "boolean",',
        'camera_fixed = { type = "boolean", required = true,',
        "camera_fixed: is required, but nothing fills it",
    ),
    "an empty range": ("least = 3, most = 15", "least = 15, most = 3", "its range is empty"),
    "no TOML": ("[tiers.plan]", "[tiers.plan", "it can't be read"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place(mistake: tuple[str, str, str]) -> None:
    right, wrong, words = mistake
    assert right in TEXT
    with pytest.raises(BadCatalog, match=words):
        read_catalog(TEXT.replace(right, wrong, 1))


def test_a_mistake_names_the_model_that_it_stands_in() -> None:
    with pytest.raises(BadCatalog) as refusal:
        read_catalog(TEXT.replace("a_second = 16", "a_secnod = 16"))
    assert "wan-video/wan-2.2-i2v-fast: fields: num_frames: a_secnod" in refusal.value.message


def test_all_mistakes_are_told_at_once() -> None:
    text = TEXT.replace('hardware = "L40S"', 'hardware = "H200"')
    text = text.replace('best = "elevenlabs/v3"', 'best = "elevenlabs/v4"')
    with pytest.raises(BadCatalog) as refusal:
        read_catalog(text)
    assert len(refusal.value.faults) == 2


def test_a_model_that_is_there_twice_is_a_mistake() -> None:
    entry = TEXT[TEXT.index("[[models]]") :].split("[[models]]")[1]
    with pytest.raises(BadCatalog, match="openai/gpt-5-structured: is there twice"):
        read_catalog(f"{TEXT}\n[[models]]{entry}")


# ── what the provider publishes ─────────────────────────────────────────────────────────────────

_TYPES: dict[str, dict[str, Any]] = {
    "file": {"type": "string", "format": "uri"},
    "files": {"type": "array", "items": {"type": "string", "format": "uri"}},
}
_OUTPUTS: dict[str, dict[str, Any]] = {
    "file": _TYPES["file"],
    "files": _TYPES["files"],
    "text": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object"},
}


def publish(model: Model) -> dict[str, Any]:
    """Return the schema that a provider would publish of a model that is just as we say."""
    schemas: dict[str, Any] = {"Output": _OUTPUTS[model.output] | {"title": "Output"}}
    properties = {}
    for name, field in model.fields.items():
        properties[name] = _publish_field(name, field, schemas)
    required = [name for name, field in model.fields.items() if field.required]
    schemas["Input"] = {"type": "object", "properties": properties, "required": required}
    return {"openapi": "3.0.2", "components": {"schemas": schemas}}


def _publish_field(name: str, field: ModelField, schemas: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {"title": name} | _TYPES.get(field.type, {"type": field.type})
    if field.default is not None:
        own["default"] = field.default
    if field.type in ("integer", "number"):
        own |= {"minimum": field.least} if field.least is not None else {}
        own |= {"maximum": field.most} if field.most is not None else {}
    if field.enum:
        schemas[name] = {"type": own.pop("type"), "enum": [*field.enum]}
        own["allOf"] = [{"$ref": f"#/components/schemas/{name}"}]
    return own


@pytest.mark.parametrize("model", CATALOG.models, ids=lambda model: model.name)
def test_a_schema_that_agrees_shows_no_difference(model: Model) -> None:
    assert compare(model, publish(model)) == []


def _model() -> tuple[Model, dict[str, Any], dict[str, Any]]:
    model = CATALOG.model("kwaivgi/kling-v3-video")
    assert model is not None
    schema = publish(model)
    return model, schema, schema["components"]["schemas"]


def test_a_field_that_is_gone_or_misnamed_is_told() -> None:
    model, schema, schemas = _model()
    del schemas["Input"]["properties"]["end_image"]
    assert compare(model, schema) == [
        "end_image: is no field there: it would be dropped without a word"
    ]


def test_a_field_that_became_required_is_told() -> None:
    model, schema, schemas = _model()
    schemas["Input"]["required"] += ["start_image", "licence"]
    assert compare(model, schema) == [
        "licence: is required there, and unknown here",
        "start_image: is required there, but not here",
    ]


def test_values_behind_a_reference_are_compared() -> None:
    model, schema, schemas = _model()
    schemas["mode"]["enum"] = ["std", "pro", "4k"]
    assert compare(model, schema) == [
        "mode: does not take standard there",
        "mode: also takes std there",
    ]


def test_other_types_defaults_and_narrower_ranges_are_told_and_wider_ones_are_not() -> None:
    model, schema, schemas = _model()
    properties = schemas["Input"]["properties"]
    properties["generate_audio"]["default"] = True
    properties["duration"] |= {"minimum": 5, "maximum": 30}
    properties["start_image"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    properties["prompt"]["maxLength"] = 800
    assert sorted(compare(model, schema)) == [
        "duration: must be 5 or more there, 3 here",
        "generate_audio: has the default True there, False here",
        "prompt: may have 800 letters there, 2500 here",
        "start_image: is string there, file here",
    ]


def test_another_shape_of_the_output_is_told() -> None:
    model, schema, schemas = _model()
    schemas["Output"] = {"type": "array", "items": {"type": "string", "format": "uri"}}
    assert compare(model, schema) == ["its output is files there, file here"]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"components": None},
        {"components": {"schemas": {"Input": {"$ref": "#/components/schemas/Input"}}}},
        {"components": {"schemas": {"Input": {"properties": []}}}},
    ],
)
def test_a_schema_of_nothing_is_told_and_no_error(schema: dict[str, Any]) -> None:
    model, _, _ = _model()
    assert compare(model, schema) == ["the published schema says nothing about the input"]


def test_a_mistake_in_the_catalog_is_a_permanent_error() -> None:
    assert issubclass(BadCatalog, PermanentError)
