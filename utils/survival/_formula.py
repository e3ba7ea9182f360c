"""Right-hand side formulas: read by patsy, checked, and given back as terms and levels."""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from utils.checks import refuse_numbers_as_text, require_columns
from utils.survival._common import Z95


@dataclass(frozen=True)
class Design:
    """Columns of a formula, the rows of the table that have them all, and their names.

    Attributes
    ----------
    rows : DataFrame
        The rows of the table that are used.
    values : ndarray
        One row for each of `rows`, one column a coefficient.
    labels : list of (str, str)
        Term and level of each column; the level of a number is "".
    reference : dict
        Term of one category: the level that has no column.
    """

    rows: pd.DataFrame
    values: np.ndarray
    labels: list[tuple[str, str]]
    reference: dict[str, str]

    def name(self, column: int) -> str:
        """Term and level of a column, as an error says them."""
        term, level = self.labels[column]
        return f"term {term!r}" + (f", level {level!r}" if level else "")


def design(formula: str, data: pd.DataFrame, keep_intercept: bool = False) -> Design:
    """Columns of a right-hand side formula, none of them empty or a sum of others.

    Parameters
    ----------
    formula : str
        Right-hand side as patsy reads it; `np` and `pd` may be used in it.
    data : DataFrame
        The table. A row with a missing covariate is left out.
    keep_intercept : bool
        True to keep the column of ones.

    Returns
    -------
    Design
        A category's level without rows has no column.

    Raises
    ------
    ValueError
        For a formula that cannot be read, has an outcome or lacks its intercept (`0 +` gives
        categories a column too many, and NaN standard errors); a name that is no column or hides
        a function; text that looks like numbers, dates; a value such as log(0); a term that
        never varies or is a sum of others.
    """
    import patsy

    used = _names(formula, data)
    plain = pd.DataFrame(
        {name: _plain(data, name, text) for name, text in used.items()},
        index=range(len(data)),
    )
    environment = patsy.EvalEnvironment([{"np": np, "pd": pd}])
    try:
        with np.errstate(all="ignore"):
            matrix = patsy.dmatrix(
                formula, plain, environment, NA_action=_keep_nan(), return_type="dataframe"
            )
    except patsy.PatsyError as error:
        raise ValueError(
            f"formula {formula!r}: {error.args[0]}; the columns are {list(data.columns)}"
        ) from error
    labels, reference = _labels(matrix.design_info)
    values = matrix.to_numpy(float)
    _refuse_infinite(values, labels, data.iloc[matrix.index], plain.loc[matrix.index])
    known = np.isfinite(values).all(axis=1)
    rows, values = data.iloc[matrix.index[known]], values[known]
    if rows.empty:
        raise ValueError(f"formula {formula!r}: every row has a missing value in a covariate")
    filled = [
        column
        for column, (term, level) in enumerate(labels)
        if not level or values[:, column].any()
    ]
    for column, (term, _) in enumerate(labels):
        flat = term != "Intercept" and np.ptp(values[:, column]) == 0
        if flat and (column in filled or term not in {labels[j][0] for j in filled}):
            raise ValueError(
                f"term {term!r} has the same value in every row that is used: there is nothing "
                "to compare. Remedy: leave it out, or check the filter that made the table"
            )
    found = Design(rows, values[:, filled], [labels[j] for j in filled], reference)
    _refuse_sums(found, data, [name for name in used if plain[name].isna().any()])
    keep = [j for j, (term, _) in enumerate(found.labels) if keep_intercept or term != "Intercept"]
    return Design(rows, found.values[:, keep], [found.labels[j] for j in keep], reference)


def _keep_nan() -> Any:
    """Rule for missing values: categories are dropped by patsy, NaN is left for us to look at."""
    import patsy

    class KeepNaN(patsy.NAAction):
        def is_numerical_NA(self, array: np.ndarray) -> np.ndarray:
            return np.zeros(len(array), dtype=bool)

    return KeepNaN()


def _names(formula: str, data: pd.DataFrame) -> dict[str, bool]:
    """Columns that a formula uses; True where text may stand as a category, inside C()."""
    import patsy

    if not isinstance(formula, str):
        raise ValueError(f"formula must be text such as 'treatment + age', not {formula!r}")
    odd = [
        column
        for column in data.columns
        if isinstance(column, str)
        and (not column.isidentifier() or keyword.iskeyword(column))
        and re.search(rf"(?<![\w'\"]){re.escape(column)}(?![\w'\"])", formula)
    ]
    quote = f"write Q({odd[-1]!r}) in the formula" if odd else ""
    quote += f", or data = data.rename(columns={{{odd[-1]!r}: 'covariate'}})" if odd else ""
    try:
        parsed = patsy.ModelDesc.from_formula(formula)
        codes = list(
            dict.fromkeys(factor.code for term in parsed.rhs_termlist for factor in term.factors)
        )
        trees = [ast.parse(code, mode="eval") for code in codes]
    except (patsy.PatsyError, SyntaxError) as error:
        raise ValueError(
            f"formula {formula!r} cannot be read: {error.args[0]}. "
            f"Remedy: {quote or 'write it as in treatment + age'}; "
            f"the columns are {list(data.columns)}"
        ) from error
    if parsed.lhs_termlist:
        raise ValueError(f"formula {formula!r}: give the right-hand side only, without '~'")
    if patsy.INTERCEPT not in parsed.rhs_termlist:
        raise ValueError(
            f"formula {formula!r}: leave out '0 +' and '- 1', the intercept is needed to code "
            "categories"
        )
    used: dict[str, bool] = {}
    unknown = []
    for tree in trees:
        category = _is_call(tree.body, "C")
        for name, called in _variables(tree):
            if called and name in data.columns:
                raise ValueError(
                    f"column {name!r} hides the function {name}() of the formula. "
                    f"Remedy: data = data.rename(columns={{{name!r}: {name + '_'!r}}})"
                )
            if name in data.columns:
                used[name] = used.get(name, True) and category
            elif not _is_function(name):
                unknown.append(name)
    torn = [
        column
        for column in odd
        if column.replace(" ", "") not in {code.replace(" ", "") for code in codes}
    ]
    if odd and (unknown or torn):
        raise ValueError(
            f"formula {formula!r}: column {odd[-1]!r} is no plain name. Remedy: {quote}"
        )
    if unknown:
        require_columns(data, unknown[0])
    require_columns(data, list(used))
    return used


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _is_function(name: str) -> bool:
    import patsy.builtins

    return name in {"np", "pd"} or hasattr(patsy.builtins, name) or hasattr(builtins, name)


def _variables(tree: ast.AST) -> list[tuple[str, bool]]:
    """Names in a piece of code; True for the root of what is called, such as np in np.log()."""
    roots = set()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            root = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(node.func, ast.Name) or (
                isinstance(root, ast.Name) and _is_function(root.id)
            ):
                roots.add(root)
            if _is_call(node, "Q") and isinstance(node.args[0], ast.Constant):
                found.append((str(node.args[0].value), False))
        if isinstance(node, ast.Name):
            found.append((node.id, node in roots))
    return found


def _plain(data: pd.DataFrame, name: str, category: bool) -> Any:
    """Values of a column as patsy takes them: floats, bools, categories, or text with None."""
    values = data[name]
    kind = values.dropna().infer_objects().dtype
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.array
    if pd.api.types.is_bool_dtype(kind):
        return values.astype(object).where(values.notna(), None).to_numpy()
    if pd.api.types.is_numeric_dtype(kind):
        return values.to_numpy(dtype=float, na_value=np.nan)
    if kind.kind in "mM" or isinstance(kind, (pd.PeriodDtype, pd.DatetimeTZDtype)):
        if category:
            return values.astype(str).where(values.notna(), None).to_numpy(object)
        this = f"data[{name!r}]"
        number = (
            f"{this} / pd.Timedelta(days=1)"
            if kind.kind == "m"
            else f"({this} - {this}.min()).dt.days"
            if kind.kind == "M"
            else f"{this}.dt.year"
        )
        raise ValueError(
            f"column {name!r} holds {kind}, neither numbers nor categories. Remedy: {this} = "
            f"{number}, or C({name}) in the formula for a category a date"
        )
    if not category:
        try:
            refuse_numbers_as_text(data, name)
        except ValueError as error:
            raise ValueError(f"{error}, or C({name}) in the formula for categories") from error
    return values.astype(object).where(values.notna(), None).to_numpy()


def _labels(info: Any) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Term and level of each column of a patsy design, and the level without a column."""
    labels: list[tuple[str, str]] = []
    reference = {}
    for term, subterms in info.term_codings.items():
        name = ":".join(_bare(factor.code) for factor in term.factors) or "Intercept"
        for subterm in subterms:
            parts = []
            for factor in subterm.factors:
                about = info.factor_infos[factor]
                if about.type == "categorical":
                    coding = subterm.contrast_matrices[factor]
                    full = coding.matrix.shape[0] == coding.matrix.shape[1]
                    levels = [
                        suffix[1:-1] if full else suffix[1:-1].removeprefix("T.")
                        for suffix in coding.column_suffixes
                    ]
                    left = {str(level) for level in about.categories} - set(levels)
                    if len(term.factors) == 1 and len(left) == 1:
                        reference[name] = left.pop()
                else:
                    columns = about.num_columns
                    levels = [""] if columns == 1 else [str(i) for i in range(columns)]
                parts.append(levels)
            # patsy's first factor runs fastest
            for combination in itertools.product(*reversed(parts)):
                labels.append((name, ":".join(part for part in combination[::-1] if part)))
    return labels, reference


def _bare(code: str) -> str:
    """Name of a factor without C() and Q(): C(Q("tumor size"), Treatment(2)) is tumor size."""
    node = ast.parse(code, mode="eval").body
    while isinstance(node, ast.Call) and (_is_call(node, "C") or _is_call(node, "Q")):
        node = node.args[0]
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _refuse_infinite(
    values: np.ndarray, labels: list[tuple[str, str]], data: pd.DataFrame, plain: pd.DataFrame
) -> None:
    """Raise ValueError for a term that is infinite or undefined where no column is missing."""
    bad = ~np.isfinite(values) & plain.notna().all(axis=1).to_numpy()[:, None]
    if not bad.any():
        return
    column = int(bad.any(axis=0).argmax())
    row = int(bad[:, column].argmax())
    term = labels[column][0]
    source = [name for name in plain if re.search(rf"\b{re.escape(str(name))}\b", term)]
    holds = ", ".join(
        f"{name} holds {plain[name].iloc[row]:g}"
        for name in source
        if pd.api.types.is_number(plain[name].iloc[row])
    )
    remedy = "leave these rows out, or change the term"
    if source:
        this = f"data[{source[0]!r}]"
        remedy = f"data = data.dropna(subset={source})"
        if not np.isfinite(plain[source[0]].iloc[row]):
            remedy = f"data = data[np.isfinite({this})]"
        elif "log" in term or "/" in term:
            remedy = f"leave these rows out, knowingly: data = data[{this} > 0]"
            if "np.log(" in term and plain[source[0]].min() == 0:
                remedy += f"; or, where 0 is a count, np.log1p({source[0]}) in the formula"
    raise ValueError(
        f"term {term!r}, row {data.index[row]!r}: {values[row, column]:g} is no number to fit with "
        f"({holds}; {int(bad[:, column].sum())} such row(s)). Remedy: {remedy}"
    )


def standardised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns with mean 0 and standard deviation 1, and those means and deviations."""
    middle = values.mean(axis=0)
    scale = (values - middle).std(axis=0)
    return (values - middle) / np.where(scale > 0, scale, 1), middle, scale


def _refuse_sums(found: Design, data: pd.DataFrame, gaps: list[str]) -> None:
    """Raise ValueError for a column that the ones before it already hold."""
    columns = [j for j, (term, _) in enumerate(found.labels) if term != "Intercept"]
    if not columns:
        return
    scaled, _, _ = standardised(found.values[:, columns])
    size = np.sqrt(len(scaled))
    if len(scaled) < len(columns):
        left = np.zeros(len(columns))
    else:
        left = np.abs(np.diag(np.linalg.qr(scaled, mode="r"))) / size
    if (left > 1e-7).all():
        return
    last = int((left <= 1e-7).argmax())
    name, (term, level) = found.name(columns[last]), found.labels[columns[last]]
    same = [j for j in columns if found.labels[j][0] == term]
    if level and term in found.reference and (found.values[:, same] != 0).any(axis=1).all():
        steps = [f"data = data.dropna(subset={gaps})"] if gaps else []
        if term in data and isinstance(data[term].dtype, pd.CategoricalDtype):
            steps.append(f"data[{term!r}] = data[{term!r}].cat.remove_unused_categories()")
        raise ValueError(
            f"term {term!r}: the reference level {found.reference[term]!r} holds no row, so the "
            f"other levels have nothing to be compared with. Remedy: {'; '.join(steps)}"
        )
    before = scaled[:, :last]
    weights = np.linalg.lstsq(before, scaled[:, last], rcond=None)[0]
    others = " and ".join(found.name(columns[j]) for j in range(last) if abs(weights[j]) > 1e-6)
    raise ValueError(
        f"{name} is a sum of others ({others}): their coefficients cannot be told apart. "
        "Remedy: leave one of them out of the formula"
    )


def without_event(found: Design, events: np.ndarray) -> str | None:
    """Say which level, or which value of a 0/1 term, holds no event; None if all hold one."""
    for term in dict(found.labels):
        columns = [j for j, label in enumerate(found.labels) if label[0] == term]
        block = found.values[:, columns]
        if term == "Intercept" or not np.isin(block, (0, 1)).all():
            continue
        for j, part in zip(columns, block.T):
            if not events[part == 1].any():
                level = found.labels[j][1]
                return f"term {term!r}: no event among " + (
                    f"level {level!r}" if level else f"{term} = 1"
                )
        if not events[(block == 0).all(axis=1)].any():
            level = found.reference.get(term, "0")
            return f"term {term!r}: no event among {term} = {level}"
    return None


def coefficient_table(found: Design, coef: np.ndarray, se: np.ndarray, ratio: str) -> pd.DataFrame:
    """A row per coefficient: term, level, coef, se, exp(coef) with its 95% interval, and p."""
    with np.errstate(over="ignore", under="ignore"):
        return pd.DataFrame(
            {
                "term": [term for term, _ in found.labels],
                "level": [level for _, level in found.labels],
                "coef": coef,
                "se": se,
                ratio: np.exp(coef),
                "lower": np.exp(coef - Z95 * se),
                "upper": np.exp(coef + Z95 * se),
                "p": 2 * ndtr(-np.abs(coef / se)),
            }
        )
