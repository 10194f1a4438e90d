"""The patches to Rasa, each for one measured figure; pinned to one version and tested to change no output."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema
import rasa
import tensorflow as tf
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event
from rasa.utils.tensorflow.data_generator import RasaBatchDataGenerator
from rasa.utils.tensorflow.model_data import RasaModelData
from rasa.utils.tensorflow.models import RasaModel

PINNED = "3.6.21"


class WrongRasa(RuntimeError):
    """The installed Rasa is not the one that these patches were written against."""


def apply() -> None:
    """Put the patches in place; refuses on any other version of Rasa, whose insides may differ."""
    if rasa.__version__ != PINNED:
        raise WrongRasa(
            f"nlu/patches.py was written for rasa {PINNED}, but {rasa.__version__} is installed. "
            "Install nlu/requirements.lock, or check each patch against the new version and change PINNED."
        )
    if RasaModel.load.__func__ is not _load.__func__:
        _keep("load", RasaModel.load)
        RasaModel.load = _load
        _keep("validate", RemoteAction._validate_action_result)
        RemoteAction._validate_action_result = _validate_action_result
        _keep("resolve", Event.resolve_by_type)
        # The class of an event's name is looked for among all subclasses, anew for every event of a stored dialogue.
        Event.resolve_by_type = staticmethod(lru_cache(maxsize=256)(Event.resolve_by_type))


ORIGINAL: dict[str, Any] = {}


def _keep(name: str, method: Any) -> None:
    """Remember what is replaced: fine-tuning and the tests still need it."""
    ORIGINAL[name] = getattr(method, "__func__", method)


@classmethod
def _load(
    cls: type[RasaModel],
    model_file_name: str,
    model_data_example: RasaModelData,
    predict_data_example: RasaModelData | None = None,
    finetune_mode: bool = False,
    *args: Any,
    **kwargs: Any,
) -> RasaModel:
    """`RasaModel.load` without tracing a training graph only to learn the shapes of the weights.

    One example goes eagerly through the loss instead: the same layers build the same variables, which the
    checkpoint then fills. Fine-tuning needs the optimizer's variables too and goes the old way.
    """
    if finetune_mode:
        return ORIGINAL["load"](
            cls,
            model_file_name,
            model_data_example,
            predict_data_example,
            finetune_mode,
            *args,
            **kwargs,
        )
    model = cls(*args, **kwargs)
    model.compile(run_eagerly=kwargs.get("config", {}).get("run_eagerly"))
    batch, _ = RasaBatchDataGenerator(model_data_example, batch_size=1)[0]
    model._training = True
    model.batch_loss(tuple(tf.convert_to_tensor(array) for array in batch))
    model._training = None
    # Every variable must be found in the file; what the file has beyond them is the optimizer's.
    model.load_weights(model_file_name).assert_existing_objects_matched().expect_partial()
    if predict_data_example:
        model.run_inference(predict_data_example)
    return model


@lru_cache(maxsize=1)
def _reply_validator() -> jsonschema.protocols.Validator:
    schema = RemoteAction.action_response_format_spec()
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return validator(schema)


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    """`RemoteAction._validate_action_result` with the constant schema checked once instead of at every call."""
    return _reply_validator().is_valid(result) or ORIGINAL["validate"](self, result)
