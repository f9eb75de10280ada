"""Every score of a judgement beside scikit-learn's and torchmetrics' of the same predictions, to 1e-9."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from evaluation.fabricated import guesses
from rushes.evaluation.judge import judge

WORDS = ("precision", "recall", "f1")
metrics = pytest.importorskip("sklearn.metrics")


@pytest.fixture(scope="module")
def answers():
    found = guesses(1200, class_count=5, seed=7, group_count=10)
    return replace(found, probabilities=found.probabilities.round(3))  # few digits, so that there are ties


def test_a_judgement_agrees_with_scikit_learn(answers):
    found = {word: one.value for word, one in judge(answers, train_counts={}).estimates().items()}
    truth, answered, values = answers.truth, answers.predicted, answers.probabilities.astype(np.float64)
    expected = {
        "accuracy": metrics.accuracy_score(truth, answered),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, answered),
    }
    for average in ("macro", "weighted"):
        scores = metrics.precision_recall_fscore_support(truth, answered, average=average)
        expected |= dict(zip((f"{word}_{average}" for word in WORDS), scores, strict=False))
    each = metrics.precision_recall_fscore_support(truth, answered)
    for index, name in enumerate(answers.classes):
        expected |= {f"{word}/{name}": each[place][index] for place, word in enumerate(WORDS)}
        expected[f"average_precision/{name}"] = metrics.average_precision_score(truth == index, values[:, index])
        expected[f"roc_auc/{name}"] = metrics.roc_auc_score(truth == index, values[:, index])
        expected[f"brier/{name}"] = metrics.brier_score_loss(truth == index, values[:, index])
    expected["average_precision_macro"] = np.mean([expected[f"average_precision/{name}"] for name in answers.classes])
    expected["roc_auc_macro"] = np.mean([expected[f"roc_auc/{name}"] for name in answers.classes])
    assert {word: found[word] for word in expected} == pytest.approx(expected, abs=1e-9)


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # torchmetrics divides counts in the default type
    yield torch
    torch.set_default_dtype(before)


def test_a_judgement_agrees_with_torchmetrics(answers, torch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its imports say of themselves
        theirs = pytest.importorskip("torchmetrics.functional.classification")
    found = {word: one.value for word, one in judge(answers, train_counts={}).estimates().items()}
    values, truth = torch.tensor(answers.probabilities, dtype=torch.float64), torch.tensor(answers.truth)
    expected = {"accuracy": theirs.multiclass_accuracy(values, truth, num_classes=5, average="micro")}
    for average in ("macro", "weighted"):
        for word in WORDS:
            score = getattr(theirs, f"multiclass_{word}{'_score' if word == 'f1' else ''}")
            expected[f"{word}_{average}"] = score(values, truth, num_classes=5, average=average)
    for word, score in (
        ("average_precision", theirs.multiclass_average_precision),
        ("roc_auc", theirs.multiclass_auroc),
    ):
        each = score(values, truth, num_classes=5, average=None)
        expected |= {f"{word}/{name}": value for name, value in zip(answers.classes, each, strict=True)}
    wanted = {word: float(value) for word, value in expected.items()}
    coarse = {word for word in wanted if word.startswith(("accuracy", "precision_", "recall_"))}
    exact = wanted.keys() - coarse
    assert {word: found[word] for word in exact} == pytest.approx({word: wanted[word] for word in exact}, abs=1e-9)
    # Whatever it is given, torchmetrics divides these in 32 bits.
    assert {word: found[word] for word in coarse} == pytest.approx({word: wanted[word] for word in coarse}, abs=1e-7)
    ece = theirs.multiclass_calibration_error(values, truth, n_bins=15, norm="l1", num_classes=5)
    assert found["ece"] == pytest.approx(float(ece), abs=1e-6)  # whose bins are summed in 32 bits


def test_baselines_agree_with_dummies_that_are_scored_like_models(answers):
    dummy = pytest.importorskip("sklearn.dummy")
    counts = dict(zip(answers.classes, (10, 60, 20, 5, 5), strict=True))
    training = np.repeat(np.arange(5), list(counts.values()))
    judged = judge(answers, train_counts=counts)
    truth = answers.truth
    for name, strategy in (("majority", "most_frequent"), ("prior", "prior")):
        model = dummy.DummyClassifier(strategy=strategy).fit(np.zeros((len(training), 1)), training)
        values = model.predict_proba(np.zeros((len(truth), 1)))
        blind = judged.blind[name]
        assert blind["brier"] == pytest.approx(metrics.brier_score_loss(truth, values), abs=1e-9)
        for index, class_name in enumerate(answers.classes):
            expected = metrics.average_precision_score(truth == index, values[:, index])
            assert blind[f"average_precision/{class_name}"] == pytest.approx(expected)
            assert blind[f"brier/{class_name}"] == pytest.approx(
                metrics.brier_score_loss(truth == index, values[:, index]), abs=1e-9
            )
    model = dummy.DummyClassifier(strategy="prior").fit(np.zeros((len(training), 1)), training)
    expected = metrics.log_loss(truth, model.predict_proba(np.zeros((len(truth), 1))))
    assert judged.blind["prior"]["log_loss"] == pytest.approx(expected, abs=1e-9)
    sure = np.eye(5)[np.full(len(truth), 1)].astype(np.float32)  # of which scikit-learn takes 0 as the least that is
    assert judged.blind["majority"]["log_loss"] == pytest.approx(
        metrics.log_loss(truth, sure, labels=range(5)), rel=1e-5
    )
