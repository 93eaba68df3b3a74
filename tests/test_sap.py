import joblib
import numpy as np
import pytest
from distributed import Client
from scored_codes import ALL, SMALL, draw_factors, frozen, halves, random_codes

from evaluation import sap


@pytest.mark.parametrize("name", ALL)
def test_sap_equals_the_official_matrix(name):
    arrays = frozen(name)
    np.testing.assert_array_equal(sap(*halves(arrays))["score_matrix"], arrays["sap_matrix"][0])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("seed", [1, 2])
def test_sap_equals_the_official_score_of_other_seeds(name, seed):
    arrays = frozen(name)
    assert sap(*halves(arrays), seed=seed)["SAP_score"] == pytest.approx(arrays["sap_scores"][seed], abs=1e-9)


def test_sap_is_the_same_on_a_dask_cluster():
    arrays = halves(frozen("mixed"))
    cluster = Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")
    with cluster, joblib.parallel_backend("dask"):
        found = sap(*arrays, jobs=2)
    np.testing.assert_array_equal(found["score_matrix"], sap(*arrays)["score_matrix"])


def test_sap_of_perfect_codes():
    factors = draw_factors(4000, sizes=(2, 2))
    codes = 2 * factors.astype(np.float32) - 1
    found = sap(codes, factors, codes, factors)
    np.testing.assert_allclose(np.diag(found["score_matrix"]), 1)
    assert found["SAP_score"] == pytest.approx(0.5, abs=0.05)


def test_sap_of_constant_codes():
    factors = draw_factors()
    codes = np.ones((len(factors), 3), dtype=np.float32)
    assert sap(codes, factors, codes, factors)["SAP_score"] == 0


def test_sap_of_random_codes():
    factors = draw_factors()
    codes = random_codes(len(factors), 4)
    assert sap(codes, factors, codes, factors)["SAP_score"] < 0.05


def test_sap_of_duplicated_codes():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    doubled = sap(np.hstack([codes, codes]), factors, np.hstack([codes_test, codes_test]), factors_test)
    assert doubled["SAP_score"] == pytest.approx(0, abs=0.005)


def test_sap_ignores_the_order_of_codes():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    turned = sap(codes[:, ::-1], factors, codes_test[:, ::-1], factors_test)["SAP_score"]
    assert turned == pytest.approx(sap(codes, factors, codes_test, factors_test)["SAP_score"], abs=0.002)


def test_sap_ignores_the_names_of_classes():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    renamed = sap(codes, factors * 3 + 5, codes_test, factors_test * 3 + 5)
    np.testing.assert_array_equal(
        renamed["score_matrix"], sap(codes, factors, codes_test, factors_test)["score_matrix"]
    )


def test_sap_leaves_constant_factors_out():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    padded = sap(codes, np.insert(factors, 0, 1, axis=1), codes_test, np.insert(factors_test, 0, 1, axis=1))
    assert np.isnan(padded["score_matrix"][:, 0]).all()
    assert padded["SAP_score"] == sap(codes, factors, codes_test, factors_test)["SAP_score"]


def test_sap_counts_unseen_classes_as_missed():
    codes, factors, codes_test, factors_test = halves(frozen("mixed"))
    unseen = sap(codes, factors, codes_test, np.full_like(factors_test, 200))
    assert unseen["score_matrix"].max() == 0


def test_sap_does_not_depend_on_jobs():
    arrays = halves(frozen("mixed"))
    found = [sap(*arrays, jobs=jobs)["score_matrix"] for jobs in (1, 2)]
    np.testing.assert_array_equal(*found)


def test_sap_reports_every_code():
    seen = []
    sap(*halves(frozen("mixed")), progress=lambda done, total: seen.append((done, total)))
    assert sum(done for done, _ in seen) == seen[0][1] == 8
