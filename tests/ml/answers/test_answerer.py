"""The served answerer: what it writes, how sure it says it is, and that it is Keras's network."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ml.answers.answerer import Answerer
from ml.answers.beam import DECODER, ENCODER
from ml.answers.export import export
from ml.answers.learn import log_softmax
from ml.answers.network import Shape, build
from ml.answers.subwords import AND
from ml.answers.words import spoken
from ml.sentence import Encoded
from ml.serving import ModelError
from tests.ml.answers.shop import EXAMPLES, Signs

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHAPE = Shape(80, 8, width=16, size=16, units=12, decoder=20, topics=5)
ANSWERS = {(e.id, e.language): e.answer for e in EXAMPLES}


def read(question: str) -> Encoded:
    return Signs().read(spoken(question))


def test_both_graphs_compute_what_keras_computes(tmp_path: Path) -> None:
    """Every log-probability and every weight of attention, for a batch of targets."""
    model = build(SHAPE, seed=1)
    rng = np.random.default_rng(1)
    mean, spread = model.get_layer("standard").weights
    mean.assign(rng.normal(size=mean.shape))
    spread.assign(rng.uniform(0.5, 2.0, spread.shape))
    for weight in model.weights:  # the files are in half precision
        weight.assign(np.asarray(weight).astype(np.float16).astype(np.float32))
    export(model, tmp_path)
    source = rng.normal(size=(7, 16)).astype(np.float32)
    target = rng.integers(9, 80, (3, 5))
    inputs = {"source": np.stack([source] * 3), "target": target.astype(np.int32)}
    wanted = model.predict_on_batch(inputs)
    session = onnxruntime.InferenceSession(tmp_path / ENCODER)
    names = ["memory", "keys", "first", "topics", "subject"]
    memory, keys, first, topics, subject = session.run(names, {"states": source})
    given = {
        "tokens": target,
        "wanted": target,
        "state": np.repeat(first, 3, 0),
        "memory": memory,
        "keys": keys,
        "subject": subject,
    }
    found = onnxruntime.InferenceSession(tmp_path / DECODER).run(["log_probs", "attention"], given)
    np.testing.assert_allclose(found[0], log_softmax(np.asarray(wanted["pieces"])), atol=2e-5)
    np.testing.assert_allclose(topics, log_softmax(np.asarray(wanted["topics"])[:1]), atol=2e-5)
    np.testing.assert_allclose(found[1].sum(axis=2), 1, atol=1e-5)


def test_padding_of_a_batch_changes_nothing() -> None:
    """Keras reads a short question beside a long one as it reads it alone."""
    model = build(SHAPE, seed=1)
    rng = np.random.default_rng(2)
    source = rng.normal(size=(2, 6, 16)).astype(np.float32)
    target = rng.integers(9, 80, (2, 6), dtype=np.int32)
    source[1, 3:] = 0
    both = model.predict_on_batch({"source": source, "target": target})
    alone = model.predict_on_batch({"source": source[1:, :3], "target": target[1:]})
    for name in ("pieces", "topics"):
        np.testing.assert_allclose(both[name][1:], alone[name], atol=1e-5)


@pytest.mark.slow
def test_it_answers_what_it_learnt_with_placeholders_in_place(answerer: Answerer) -> None:
    right = [
        answerer.generate(read(question), e.language)[0].text == e.answer
        for e in EXAMPLES
        for question in e.questions
    ]
    assert np.mean(right) > 0.8


@pytest.mark.slow
def test_two_questions_get_two_answers_in_parts(answerer: Answerer) -> None:
    found = [
        answerer.generate(read(question), "en")[0]
        for question in (
            "return window and price of {product}",
            "opening hours. how much is {product}",
            "price of {product}, also return window",
        )
    ]
    assert max(len(one.parts) for one in found) == 2
    assert all(one.text == " ".join(one.parts) for one in found)


@pytest.mark.slow
def test_attention_has_a_row_for_every_written_piece_and_rows_sum_to_one(
    answerer: Answerer,
) -> None:
    for one in answerer.generate(read("多久之内可以退货"), "zh"):
        assert one.attention.shape == (len(one.target), len(one.source))
        np.testing.assert_allclose(one.attention.sum(axis=1), 1, atol=1e-5)
        assert one.target[-1] == "</s>"


@pytest.mark.slow
def test_generated_answers_score_as_they_were_generated(answerer: Answerer) -> None:
    """The step decoder and the scorer are one graph; two parts are given with the sign between them."""
    for question, language in (
        ("how much", "en"),
        ("几点上班", "zh"),
        ("return window and price of {product}", "en"),
    ):
        found = answerer.generate(read(question), language)
        scores = answerer.score(
            read(question), language, [f" {AND} ".join(one.parts) for one in found]
        )
        np.testing.assert_allclose(scores, [one.per_token for one in found], atol=1e-3)


@pytest.mark.slow
def test_the_right_answer_scores_best(answerer: Answerer) -> None:
    choices = [ANSWERS[name, "en"] for name in ("return-window", "price", "hours")]
    assert int(answerer.score(read("opening hours"), "en", choices).argmax()) == 2
    assert answerer.score(read("opening hours"), "en", []).shape == (0,)


@pytest.mark.slow
def test_a_beam_is_no_worse_than_greedy_search(answerer: Answerer) -> None:
    questions = [(q, e.language) for e in EXAMPLES for q in e.questions]
    greedy, beam = (
        np.mean(
            [answerer.generate(read(q), language, beams)[0].per_token for q, language in questions]
        )
        for beams in (1, 4)
    )
    assert beam >= greedy - 1e-6


@pytest.mark.slow
def test_a_question_that_was_read_is_answered_as_one_that_was_not(answerer: Answerer) -> None:
    question = read("opening hours")
    once = answerer.read(question)
    assert answerer.topics(once) == answerer.topics(question)
    assert answerer.generate(once, "en")[0].text == answerer.generate(question, "en")[0].text
    assert answerer.score(once, "en", ["Yes."]) == answerer.score(question, "en", ["Yes."])


@pytest.mark.slow
def test_answers_score_beside_others_as_alone(answerer: Answerer) -> None:
    """However long the others are."""
    answers = ["Yes.", *(e.answer for e in EXAMPLES)]
    together = answerer.score(read("opening hours"), "en", answers)
    alone = [answerer.score(read("opening hours"), "en", [one])[0] for one in answers]
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.slow
def test_topics_are_probabilities_over_the_answers(answerer: Answerer) -> None:
    found = answerer.topics(read("opening hours"))
    assert set(found) == {e.id for e in EXAMPLES}
    assert sum(found.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "",
        " ",
        "a" * 100_000,
        "退" * 100_000,
        "\ud800\u202e{price}{{}}",
        "<and> </s> <en>",
        "👍" * 5000,
        "ﷺ" * 9999,
    ],
)
def test_hostile_questions_are_answered_within_bounds(answerer: Answerer, question: str) -> None:
    for one in answerer.generate(read(question), "en"):
        assert len(one.source) <= 128
        assert len(one.target) <= 144
    assert np.isfinite(answerer.score(read(question), "en", [question, "{price}"])).all()


@pytest.mark.slow
def test_unknown_languages_and_beams_are_refused(answerer: Answerer) -> None:
    with pytest.raises(ValueError, match="en, zh"):
        answerer.generate(read("hi"), "fr")
    with pytest.raises(ValueError, match="1 to 8"):
        answerer.generate(read("hi"), "en", 9)


@pytest.mark.slow
def test_a_changed_file_is_not_loaded(trained: Path, tmp_path: Path) -> None:
    for file in trained.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "decoder.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match="SHA-256"):
        Answerer.load(tmp_path)


def test_serving_needs_no_training_framework() -> None:
    """Neither Keras nor TensorFlow is loaded: they cost seconds and memory."""
    code = (
        "import sys, ml.answers.answerer, ml.answers.ranker, ml.sentence;"
        "sys.exit(bool({'keras', 'tensorflow'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
