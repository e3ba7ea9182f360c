"""What statsmodels 0.15 does that the library guards against.

Each test pins the behaviour, so that an upstream change is noticed and the guard can go.
"""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from utils import baseline_hazard, cox, kaplan_meier, median_survival

FIVE = pd.DataFrame({"t": [1.0, 2, 3, 4, 5], "e": [1, 1, 0, 1, 1], "x": [0.0, 1, 0, 1, 0]})


def fit(**options):
    return PHReg(FIVE["t"], FIVE[["x"]], status=FIVE["e"], **options)


def test_baseline_hazard_is_one_event_late():
    theirs = fit(ties="breslow").fit().baseline_cumulative_hazard[0][1]
    ours = baseline_hazard(FIVE, "t", "e", "x")["cumulative_hazard"].to_numpy()
    assert theirs[0] == 0 and ours[0] > 0


def test_a_row_is_at_risk_at_its_own_entry():
    data = pd.DataFrame({"a": [0.0, 0, 2, 0], "t": [2.0, 3, 4, 5], "e": 1, "x": [1.0, 0, 1, 0]})
    theirs = PHReg(data["t"], data[["x"]], status=data["e"], entry=data["a"], ties="breslow").fit()
    ours = cox(data, "t", "e", "x", entry="a", ties="breslow")["coef"].iloc[0]
    assert abs(theirs.params[0] - ours) > 1e-3


def test_ties_default_to_breslow():
    tied = FIVE.assign(t=[1.0, 1, 1, 2, 2])
    default = PHReg(tied["t"], tied[["x"]], status=tied["e"])
    assert default.ties == "breslow"
    assert cox(tied, "t", "e", "x").attrs["ties"] == "efron"


def test_groups_give_nan_if_a_row_meets_no_event():
    data = pd.DataFrame(
        {
            "t": [0.5, 1.0, 2, 3, 4, 5, 6],
            "e": [0, 1, 1, 1, 1, 1, 1],
            "x": [1.0, 0, 1, 0, 1, 0, 1],
            "id": [1, 1, 2, 3, 4, 5, 6],
        }
    )
    with np.errstate(all="ignore"):
        theirs = PHReg(data["t"], data[["x"]], status=data["e"]).fit(groups=data["id"])
    assert np.isnan(theirs.bse).all()
    assert np.isfinite(cox(data, "t", "e", "x", cluster="id")["se"]).all()


def test_predict_takes_the_outcome_first():
    model = fit().fit()
    new = pd.DataFrame({"x": [7.0, 8.0]})
    assert len(model.predict(new, pred_type="lhr").predicted_values) == len(FIVE)
    assert len(model.predict(exog=new, pred_type="lhr").predicted_values) == 2


def test_formula_without_intercept_is_refused():
    rows = pd.concat([FIVE] * 4, ignore_index=True).assign(g=list("abcd") * 5)
    with np.errstate(all="ignore"), pytest.warns(match="should not include"):
        theirs = PHReg.from_formula("t ~ 0 + g", rows, status=rows["e"]).fit().bse
    assert np.isnan(theirs).any()
    with pytest.raises(ValueError, match="intercept"):
        cox(rows, "t", "e", "0 + g")


def test_a_column_called_C_is_refused():
    with pytest.raises(ValueError, match="column 'C'"):
        cox(FIVE.assign(C=1), "t", "e", "C(x)")


def test_status_coded_one_and_two_is_accepted_silently():
    curve = SurvfuncRight(FIVE["t"], FIVE["e"] + 1)
    assert curve.surv_prob[0] < 0.9
    with pytest.raises(ValueError, match="0 .censored. or 1"):
        kaplan_meier(FIVE.assign(e=FIVE["e"] + 1), "t", "e")


def test_curve_has_no_pointwise_interval_and_ends_at_the_last_event():
    late = pd.concat([FIVE, pd.DataFrame({"t": [9.0, 9.0], "e": [0, 0], "x": [0.0, 0]})])
    curve = SurvfuncRight(late["t"], late["e"])
    assert not any("lower" in column or "ci" in column.lower() for column in curve.summary())
    assert curve.surv_times.max() == 5
    ours = kaplan_meier(late.reset_index(drop=True), "t", "e")
    assert ours["time"].max() == 9 and {"lower", "upper"} <= set(ours)


def test_log_quantile_interval_is_infinite(lung):
    women = lung[lung["sex"] == 2]
    curve = SurvfuncRight(women["time"], women["event"])
    assert np.isinf(curve.quantile_ci(0.75, method="log")[1])
    ours = median_survival(women, "time", "event", share=0.75).iloc[0]
    assert (ours["lower"], ours["upper"]) == curve.quantile_ci(0.75)


def test_survdiff_p_underflows():
    times, group = np.r_[np.arange(1, 201), np.arange(1001, 1201)], np.repeat([0, 1], 200)
    assert survdiff(times, np.ones(400), group)[1] == 0


def test_incidence_error_is_nan_at_the_last_time():
    with np.errstate(all="ignore"):
        last = CumIncidenceRight(np.array([1.0, 2, 3, 4]), np.array([1, 2, 0, 1]))
    assert np.isnan(last.cinc_se[0][-1])


def test_exposure_by_name_fails():
    with pytest.raises(TypeError):
        GLM.from_formula("e ~ x", FIVE, family=Poisson(), exposure="t").fit()


def test_summaries_print_date_and_time():
    text = str(GLM(FIVE["e"], np.ones((5, 1)), family=Poisson()).fit().summary())
    assert "Date" in text and "Time" in text


def test_newton_stops_early_on_large_numbers():
    """A step below 1e-8 ends it, whatever the size of the coefficient."""
    data = pd.DataFrame({"t": range(1, 7), "e": [1, 1, 0, 1, 1, 1], "x": [9, 2, 5, 7, 1, 3]})
    large = data.assign(x=data["x"] * 1e8)
    theirs = PHReg(large["t"], large[["x"]], status=large["e"]).fit().params[0] * 1e8
    ours, scaled = (cox(d, "t", "e", "x")["coef"][0] for d in (large, data))
    assert abs(theirs / scaled - 1) > 1e-3
    np.testing.assert_allclose(ours * 1e8, scaled)


def test_a_ratio_without_end_is_a_number_to_phreg():
    data = pd.DataFrame({"t": range(1, 7), "e": [1, 1, 1, 0, 0, 0], "x": [1, 1, 1, 0, 0, 0]})
    with pytest.warns(match="converge"):
        theirs = PHReg(data["t"], data[["x"]], status=data["e"]).fit().params[0]
    assert 10 < theirs < np.inf
    with pytest.raises(ValueError, match="no finite value"):
        cox(data, "t", "e", "x")
