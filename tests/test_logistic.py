import numpy as np
import pytest
from scipy.optimize import minimize
from scored_codes import SMALL, frozen, halves
from sklearn.linear_model import LogisticRegression

from evaluation.sklearn_0_20.logistic import fit_machines, predict, probabilities


def points(count):
    random_state = np.random.RandomState(0)
    classes = random_state.randint(count, size=300)
    return random_state.randn(300, 3) + classes[:, None] * [1.0, -0.5, 0], classes


@pytest.mark.parametrize("count", [2, 4])
def test_fit_machines_minimises_the_penalised_loss_of_each_class(count):
    x, classes = points(count)
    padded = np.hstack([x, np.ones((300, 1))])
    for machine, positive in zip(fit_machines(x, classes, count), [1] if count == 2 else range(count)):
        sign = np.where(classes == positive, 1, -1)

        def loss(w, sign=sign):
            return w @ w / 2 + np.logaddexp(0, -sign * (padded @ w)).sum()  # C = 1, the intercept penalised

        best = minimize(loss, np.zeros(4), options={"gtol": 1e-3}).x
        np.testing.assert_allclose(machine, best, atol=2e-3)


@pytest.mark.parametrize("name", SMALL)
def test_fit_machines_takes_the_steps_of_liblinear(name):
    codes, factors, _, _ = halves(frozen(name))
    for factor in factors.T:
        values, classes = np.unique(factor, return_inverse=True)
        machines = fit_machines(codes, classes, len(values))
        for machine, value in zip(machines, values if len(values) > 2 else values[1:]):
            peer = LogisticRegression(solver="liblinear").fit(codes.astype(np.float64), factor == value)
            np.testing.assert_allclose(machine, np.append(peer.coef_[0], peer.intercept_), atol=1e-9)


@pytest.mark.parametrize("scale", [1e-30, 1e3, 1e15, 1e37])
def test_fit_machines_ends_on_codes_of_any_size(scale):
    x, classes = points(4)
    assert np.isfinite(fit_machines(x * scale, classes, 4)).all()


def test_fit_machines_reports_every_machine():
    seen = []
    fit_machines(*points(4), 4, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4)] * 4


def test_predict_of_two_classes_is_the_likelier():
    x, classes = points(2)
    machines = fit_machines(x, classes, 2)
    np.testing.assert_array_equal(predict(x, machines), probabilities(x, machines).argmax(axis=1))


@pytest.mark.parametrize("count", [2, 4])
def test_probabilities_sum_to_1(count):
    x, classes = points(count)
    np.testing.assert_allclose(probabilities(x, fit_machines(x, classes, count)).sum(axis=1), 1)


def test_probabilities_of_points_far_from_every_class_are_0():
    machines = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    assert probabilities(np.array([[-1e6]]), machines).tolist() == [[0, 0, 0]]
