"""A training on a small made-up collection, from photos to a model that serves."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from ml.photos import plain
from ml.photos.augment import Views, augmented, mixed
from ml.photos.categories import categories
from ml.photos.classifier import PhotoClassifier
from ml.photos.data import NoPhotos, Photo, photos, read
from ml.photos.evaluate import calibration_error, evaluate
from ml.photos.learn import Plan, logits_of
from ml.photos.look import look, squared_all
from ml.photos.network import Shape, build, build_pretrained
from ml.photos.teach import teach
from ml.photos.train import review_above, train
from ml.serving import load_model
from tests.ml.photos.pictures import picture

LABELS = sum(len(one.labels) for one in categories())
SMALLEST = Shape(LABELS, 8, (8, 16), (1, 1), (1, 2), 4)
ONCE = Plan(epochs=2, sizes=((64, 1.0),), batch=8)


def saved(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed, 80, 60)).save(path)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three collections' layout with a few pictures each."""
    folder = tmp_path_factory.mktemp("photos")
    seed = 0
    for split, count in (("train", 6), ("validation", 3)):
        for label in ("hat", "pants"):
            for n in range(count):
                saved(folder / "clothing" / split / label / f"{n}.jpg", seed := seed + 1)
    more = folder / "clothing_more"
    for name in ("a", "b"):
        saved(more / f"{name}.jpg", seed := seed + 1)
    (more / "labels.csv").write_text(
        "image,label,kids\na,Polo,False\nb,Other,True\ngone,Hat,False\n"
    )
    grocery = folder / "grocery"
    for split in ("train", "val"):
        saved(grocery / split / "p.jpg", seed := seed + 1)
        (grocery / f"{split}.txt").write_text(f"{split}/p.jpg, 5, 1\n")
    with (grocery / "classes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["Class Name (str)", "Class ID (int)"], ["Avocado", "5"]])
    return folder


@pytest.fixture(scope="module")
def trained(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "weights"
    said: list[str] = []
    train(collection, out, said.append, plan=ONCE, shape=SMALLEST)
    assert any("epoch 2 of 2" in line for line in said)
    return out


def test_the_collections_are_read_with_their_splits(collection: Path, tmp_path: Path) -> None:
    found = photos(collection)
    assert len(found) == 18 + 2 + 2
    assert sum(one.held_out for one in found) == 6 + 1 + 1
    assert {one.label for one in found} == {"hat", "pants", "polo", "Avocado", ""}
    with pytest.raises(NoPhotos):
        photos(tmp_path)


@pytest.mark.parametrize("sides", [(80, 60), (348, 256)])
def test_a_photo_is_seen_as_those_that_were_learnt_from(
    tmp_path: Path, sides: tuple[int, int]
) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(picture(5, *sides)).save(path)
    (learnt,) = squared_all(read([Photo(path, "hat", "clothing", True)]), 128)
    np.testing.assert_array_equal(look(path.read_bytes(), 128).pixels, learnt)


@pytest.mark.slow
def test_a_training_writes_a_model_that_serves(trained: Path) -> None:
    card = load_model(trained).card
    assert {"photos-int8.onnx", "settings.json", "background.npz"} == set(card.files)
    assert {path.name for path in trained.iterdir()} == {*card.files, "card.json"}
    assert {"top-1, clothing, 8 bit", "calibration error, 8 bit"} <= set(card.figures)
    assert keras.config.dtype_policy().name == "float32"  # as it was before
    seen = PhotoClassifier.load(trained).see(np.stack([np.ones((128, 128, 3), np.uint8)] * 3))
    np.testing.assert_allclose(seen.probabilities.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(seen.embeddings, axis=1), 1, atol=1e-4)
    assert len(PhotoClassifier.load(trained).background) == 6 + 6 + 1 + 1
    assert seen.nearness.shape == (3,)
    assert np.abs(seen.nearness).max() <= 1.001


@pytest.mark.slow
@pytest.mark.parametrize("pretrained", [False, True])
def test_the_graph_says_what_keras_says(tmp_path: Path, pretrained: bool) -> None:
    import onnxruntime

    from ml.photos.export import export

    model = build_pretrained(LABELS, 3, weights=None) if pretrained else build(SMALLEST, 3)
    rng = np.random.default_rng(1)
    for layer in model.layers:  # fresh norms would hide how they are folded in
        layer.set_weights(
            [
                rng.normal(0, (2 / np.prod(w.shape[:-1])) ** 0.5, w.shape)
                if w.ndim > 1
                else rng.uniform(0.5, 1, w.shape)
                for w in layer.get_weights()
            ]
        )
    export(model, tmp_path / "graph.onnx")
    for size in (64, 97):
        some = rng.integers(0, 256, (4, size, size, 3), np.uint8)
        session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
        (logits,) = session.run(["logits"], {"photos": some})
        wanted = logits_of(model, some, size)
        np.testing.assert_allclose(logits, wanted, rtol=2e-2, atol=2e-2 * np.abs(wanted).max())


@pytest.mark.slow
def test_the_plain_network_stands_beside_ours(
    collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "PLAN", ONCE)
    monkeypatch.setattr(plain, "shape", lambda labels: replace(SMALLEST, squeezed=0))
    said: list[str] = []
    rows = list(evaluate(collection, said.append))
    assert any("epoch 2 of 2" in line for line in said)
    beside = [row for row in rows if row.baseline_name == "plain residual network"]
    assert [row.measure for row in beside] == ["top-1, clothing", "top-1, grocery"]
    assert all(row.baseline is not None for row in beside)
    ours = {row.measure: row.ours for row in rows if row.baseline_name == "HOG + SVM"}
    assert all(row.ours == ours[row.measure] for row in beside)


def test_the_plain_network_has_as_many_weights_as_it_says() -> None:
    assert build(plain.shape(LABELS), 1).count_params() == pytest.approx(1_200_000, rel=0.05)


def test_views_and_mixtures_keep_their_shape_and_their_shares() -> None:
    rng = np.random.default_rng(1)
    views = np.stack([augmented(picture(n), 48, Views(0.3, 1.0, 0.5), rng) for n in range(20)])
    assert views.shape == (20, 48, 48, 3)
    assert len({view.tobytes() for view in views}) == 20
    labels = np.eye(20, dtype=np.float32)
    for _ in range(20):
        photos_, shares = mixed(views.astype(np.float32), labels, rng)
        assert photos_.shape == views.shape
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)


def test_taught_embeddings_are_told_apart_and_the_background_is_left_alone() -> None:
    rng = np.random.default_rng(1)
    centres = np.eye(32, dtype=np.float32)

    def near(n: int, count: int) -> np.ndarray:
        found = centres[n] + rng.normal(0, 0.08, (count, 32))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    background = np.concatenate([near(n, 12) for n in range(10)])
    known = teach({"a": near(20, 5), "b": near(21, 5)}, background)
    assert (known.probabilities(near(20, 50)).argmax(axis=1) == 0).mean() > 0.95
    assert (known.probabilities(near(21, 50)).argmax(axis=1) == 1).mean() > 0.95
    others = np.concatenate([near(n, 20) for n in range(10)])
    assert (known.probabilities(others).argmax(axis=1) == 2).mean() > 0.99
    alone = teach({"a": near(20, 5)}, background)
    assert (alone.probabilities(near(20, 50)).argmax(axis=1) == 0).mean() > 0.95
    with pytest.raises(ValueError, match="no photos"):
        teach({}, background)


def test_thresholds_and_calibration() -> None:
    sure = np.linspace(0, 1, 1000, dtype=np.float32)
    good = np.random.default_rng(1).random(1000) < sure
    assert calibration_error(sure, good) < 0.06
    assert calibration_error(np.ones(100, np.float32), np.arange(100) < 60) == pytest.approx(0.4)
    above = review_above(sure, good, 0.9)
    assert good[sure >= above].mean() >= 0.9
    assert review_above(sure, np.zeros(1000, bool)) == 1.0
