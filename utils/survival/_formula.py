"""Right-hand side formulas: read by patsy, checked, and given back as terms and levels."""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
from scipy.special import ndtr

from utils.checks import DATE, holds_numbers, refuse_numbers_as_text, require_columns
from utils.survival._common import Z95

INTERCEPT = "Intercept"  # patsy's name of the column of ones
SMALLEST, LARGEST = 1e-290, 1e306  # floats that can be scaled; Stata's missing is 8.99e307
COPES = re.compile(r"\b(isna|isnull|notna|notnull|fillna|isnan|nan_to_num)\b")


class Use(NamedTuple):
    """How a formula uses a column.

    Attributes
    ----------
    free : bool
        Everywhere inside C(), a comparison or a method of its own: text and dates may stand.
    category : bool
        Everywhere C() of the column itself.
    copes : bool
        Everywhere beside a function that sees to missing values, such as x.isna().
    """

    free: bool
    category: bool
    copes: bool


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
    codes : list of str
        Term of each column as patsy writes it.
    reference : dict
        Term of one category: the level that has no column.
    formula : str
        What it was read from.
    """

    rows: pd.DataFrame
    values: np.ndarray
    labels: list[tuple[str, str]]
    codes: list[str]
    reference: dict[str, str]
    formula: str

    def only(self, columns: list[int]) -> Design:
        """Return the design of some of its columns."""
        return replace(
            self,
            values=self.values[:, columns],
            labels=[self.labels[j] for j in columns],
            codes=[self.codes[j] for j in columns],
        )

    def name(self, column: int) -> str:
        """Term and level of a column, as an error says them."""
        term, level = self.labels[column]
        return f"term {term!r}" + (f", level {level!r}" if level else "")

    def names(self, columns: list[int]) -> str:
        """Terms and levels of some columns, as an error says them; of many the terms alone."""
        if len(columns) > 3:
            return "terms " + ", ".join(dict.fromkeys(repr(self.labels[j][0]) for j in columns))
        return " with ".join(self.name(j) for j in columns)

    def without(self, column: int) -> str:
        """Remedy that leaves a column's term out of the formula, if others are left."""
        return _leave_out(self.formula, self.codes[column], self.codes)

    def joined(self, column: int, thin: list[str]) -> str:
        """Remedy that joins some levels of a column's category with another, if two are left."""
        term, code = self.labels[column][0], self.codes[column]
        if term not in self.rows or term not in self.reference:
            return self.without(column)
        levels = [self.labels[j][1] for j, other in enumerate(self.codes) if other == code]
        kept = [level for level in [self.reference[term], *levels] if level not in thin]
        found = {
            _text(value): value
            for value in self.rows[term].unique().tolist()
            if isinstance(value, (str, int, float))
        }
        if len(kept) < 2 or not {kept[0], *thin} <= set(found):
            return self.without(column)
        this = f"data[{term!r}]"
        if isinstance(self.rows[term].dtype, pd.CategoricalDtype):
            this += ".astype(object)"
        into = {found[level]: found[kept[0]] for level in thin}
        return f". Remedy: data[{term!r}] = {this}.replace({into})  # joins levels"


def _leave_out(formula: str, code: str, codes: list[str]) -> str:
    """Remedy that leaves a term out of a formula, if others are left."""
    if set(codes) <= {INTERCEPT, code}:
        return "; no other term is left to fit: choose another one, or check the filter"
    return f". Remedy: formula={f'{formula} - {code}'!r}"


def _text(value: object) -> str:
    """Name of a level: a whole number has no decimals, midnight is a day."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).removesuffix(" 00:00:00")


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
    complete = _complete(formula, data, [name for name, use in used.items() if not use.copes])
    plain = pd.DataFrame(
        {name: _plain(data, name, use) for name, use in used.items()}, index=range(len(data))
    )
    gaps = [name for name in used if data[name].isna().any()]
    environment = patsy.EvalEnvironment([{"np": np, "pd": pd}])
    try:
        with np.errstate(all="ignore"):
            matrix = patsy.dmatrix(
                formula, plain, environment, NA_action=_keep_nan(), return_type="dataframe"
            )
    except Exception as error:  # whatever the functions of a formula may raise
        said = error.args[0] if isinstance(error, patsy.PatsyError) else repr(error)
        if "truth value" in said:
            said = "write I((x > 0) & (y > 0)) for 'and', x.isin([1, 2]) for 'in'"
        dropped = f". Remedy: data = data.dropna(subset={gaps})" if gaps else ""
        raise ValueError(
            f"formula {formula!r}: {said}; the columns are {list(data.columns)}"
            f"{_spelled(formula) or dropped}"
        ) from error
    labels, codes, reference = _labels(matrix.design_info)
    found = Design(
        data.iloc[matrix.index], matrix.to_numpy(float), labels, codes, reference, formula
    )
    complete = complete[matrix.index]
    _refuse_infinite(found, plain.loc[matrix.index], complete)
    known = np.isfinite(found.values).all(axis=1) & complete
    if not known.all():
        found = replace(found, rows=found.rows[known], values=found.values[known])
    for term in matrix.design_info.terms:
        if term.factors and term.name() not in codes:
            _refuse_flat(_name(term), _leave_out(formula, term.name(), codes))
    used_levels = [
        j for j, (_, level) in enumerate(labels) if not level or found.values[:, j].any()
    ]
    for j, code in enumerate(codes):
        empty = j not in used_levels and code in {codes[i] for i in used_levels}
        if code != INTERCEPT and np.ptp(found.values[:, j]) < SMALLEST and not empty:
            _refuse_flat(labels[j][0], found.without(j))
    found = found.only(used_levels)
    _refuse_sums(found, gaps)
    return found.only(
        [j for j, code in enumerate(found.codes) if keep_intercept or code != INTERCEPT]
    )


def _refuse_flat(term: str, remedy: str) -> NoReturn:
    raise ValueError(
        f"term {term!r} has the same value in every row that is used: there is nothing to "
        f"compare{remedy}"
    )


def _complete(formula: str, data: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Whether a row has all the columns that a formula needs; ValueError if none has."""
    complete = data[names].notna().all(axis=1).to_numpy()
    if not complete.any():
        empty = [name for name in names if data[name].isna().all()]
        which = f"column {empty[0]!r} is empty" if empty else f"one of {names}"
        raise ValueError(
            f"formula {formula!r}: every row has a missing value in a covariate, {which}"
        )
    return complete


def _spelled(formula: str) -> str:
    """Remedy for what is written otherwise here, as R's log(x), factor(g), x^2 or strata(g)."""
    plain = formula.translate(
        str.maketrans("\u2013\u2212\u00d7\u201c\u201d\u2018\u2019\xa0", "--*\"\"'' ")
    )
    plain = re.sub(r"(?<![\w.])(log|log2|log10|log1p|exp|sqrt)\(", r"np.\1(", plain)
    plain = re.sub(r"(?<![\w.])(as\.)?factor\(", "C(", plain)
    plain = re.sub(r"([\w.]+)\s*\^\s*(\w+)", r"I(\1**\2)", plain)
    plain = re.sub(
        r"\bC\((\w+(?:\s*,\s*(?!Treatment|Sum|Poly|Diff|Helmert)\w+)+)\)",
        lambda found: " + ".join(f"C({name})" for name in re.split(r"\s*,\s*", found[1])),
        plain,
    )
    own: dict[str, list[str]] = {}
    for name, column in re.findall(r"\b(strata|cluster)\(\s*(\w+)\s*\)", plain):
        own.setdefault(name, []).append(column)
    call = r"(strata|cluster)\(\s*\w+\s*\)"
    plain = re.sub(rf"\s*\+\s*{call}|^\s*{call}\s*\+\s*", "", plain)
    if plain == formula or re.search(call, plain):
        return ""
    arguments = [f"{name}={c if len(c) > 1 else c[0]!r}" for name, c in own.items()]
    return ". Remedy: " + "; ".join([f"formula={plain!r}", *arguments])


def _keep_nan() -> Any:
    """Rule for missing values: categories are dropped by patsy, NaN is left for us to look at."""
    import patsy

    class KeepNaN(patsy.NAAction):
        def is_numerical_NA(self, array: np.ndarray) -> np.ndarray:
            return np.zeros(len(array), dtype=bool)

    return KeepNaN()


def _needs_quotes(column: object) -> bool:
    """Whether a formula would read the name of a column as something else."""
    return (
        isinstance(column, str)
        and re.search(r"[^\W\d]", column) is not None
        and (
            not column.isidentifier()
            or keyword.iskeyword(column)
            or column.lower() in {"inf", "infinity", "nan"}
            or unicodedata.normalize("NFKC", column) != column
        )
    )


def _names(formula: str, data: pd.DataFrame) -> dict[str, Use]:
    """Columns that a formula uses, and how."""
    import patsy

    if not isinstance(formula, str):
        raise ValueError(f"formula must be text such as 'treatment + age', not {formula!r}")
    odd = [
        column
        for column in data.columns
        if _needs_quotes(column)
        and re.search(rf"(?<![\w'\"]){re.escape(column)}(?![\w'\"])", formula)
    ]
    name = max(odd, key=len, default="")
    plain = re.sub(rf"(?<![\w'\"]){re.escape(name)}(?![\w'\"])", lambda _: f"Q({name!r})", formula)
    quote = f". Remedy: formula={plain!r}  # or rename the column" if odd else ""
    try:
        parsed = patsy.ModelDesc.from_formula(formula)
        codes = list(
            dict.fromkeys(factor.code for term in parsed.rhs_termlist for factor in term.factors)
        )
        trees = {code: ast.parse(code, mode="eval") for code in codes}
    except (patsy.PatsyError, SyntaxError, AssertionError) as error:
        raise ValueError(
            f"formula {formula!r} cannot be read, {error.args[0] if error.args else 'a sign'}; the "
            f"columns are {list(data.columns)}, a formula is such as 'treatment + I(age / 10)'"
            f"{quote or _spelled(formula)}"
        ) from error
    if parsed.lhs_termlist:
        raise ValueError(f"formula {formula!r}: give the right-hand side only, without '~'")
    if patsy.INTERCEPT not in parsed.rhs_termlist:
        raise ValueError(
            f"formula {formula!r}: leave out '0 +' and '- 1', the intercept is needed to code "
            f"categories. Remedy: formula={f'{formula} + 1'!r}"
        )
    used: dict[str, Use] = {}
    unknown, hidden = [], []
    for code, tree in trees.items():
        if isinstance(tree.body, ast.Constant):
            unknown.append(str(tree.body.value))
        if isinstance(tree.body, (ast.Tuple, ast.List)):
            parts = " + ".join(ast.unparse(part) for part in tree.body.elts)
            plain = " + ".join(parts if other == code else other for other in codes)
            raise ValueError(f"formula {formula!r}: terms are added. Remedy: formula={plain!r}")
        for word, called in _variables(tree):
            if called and word in data.columns:
                hidden.append(word)
            elif word in data.columns:
                new = Use(_is_free(tree, word), _bare(code) == word, bool(COPES.search(code)))
                used[word] = Use(*(a and b for a, b in zip(used.get(word, new), new)))
            elif not _is_function(word):
                unknown.append(word)
    torn = [
        column
        for column in odd
        if column.replace(" ", "") not in {code.replace(" ", "") for code in codes}
    ]
    if odd and (unknown or hidden or torn):
        raise ValueError(
            f"formula {formula!r}: the name of column {name!r} has signs that "
            f"mean something else in a formula{quote}"
        )
    for word in hidden:
        raise ValueError(
            f"column {word!r} hides the function {word}() of the formula. "
            f"Remedy: data = data.rename(columns={{{word!r}: {word + '_'!r}}})"
        )
    if INTERCEPT in used:
        raise ValueError(
            f"column {INTERCEPT!r} has the name of the column of ones in every formula. Remedy: "
            f"data = data.rename(columns={{{INTERCEPT!r}: 'covariate'}})  # and in the formula"
        )
    for word in unknown:
        spelled = _spelled(formula)
        if spelled:
            raise ValueError(f"formula {formula!r}: {word!r} has another spelling here{spelled}")
        require_columns(data, word)
        raise ValueError(f"formula {formula!r}: {word!r} is no column{quote}")
    require_columns(data, list(used))
    return used


def _is_free(tree: ast.Expression, word: str) -> bool:
    """Whether a piece of code may use text or dates: C(x), x > "2020", x.dt.year, pd.cut(x, 3)."""
    return _is_call(tree.body, "C") or any(
        isinstance(node, ast.Compare)
        or (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {word, "pd"}
        )
        for node in ast.walk(tree)
    )


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _is_function(name: str) -> bool:
    import patsy.builtins

    return name in {"np", "pd"} or hasattr(patsy.builtins, name) or hasattr(builtins, name)


def _variables(tree: ast.AST) -> list[tuple[Any, bool]]:
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
            if _is_call(node, "Q") and node.args and isinstance(node.args[0], ast.Constant):
                found.append((node.args[0].value, False))
        if isinstance(node, ast.Name):
            found.append((node.id, node in roots))
    return found


def _plain(data: pd.DataFrame, name: str, use: Use) -> Any:
    """Values of a column as patsy takes them: floats, bools, categories, dates, or text with None.

    A row without them is left out later, unless the formula copes.
    """
    values = data[name]
    kind = values.dropna().infer_objects().dtype
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.array
    if pd.api.types.is_bool_dtype(kind):
        known = values.astype(object).where(values.notna(), None if use.copes else False)
        return known.to_numpy() if use.copes else known.to_numpy(bool)
    if holds_numbers(values):
        return values.to_numpy(dtype=float, na_value=np.nan)
    dated = kind.kind in "mM" or isinstance(kind, (pd.PeriodDtype, pd.DatetimeTZDtype))
    if dated and use.free and not use.category:
        return values.infer_objects().array
    if dated and use.free:
        return values.astype(str).where(values.notna(), None).to_numpy(object)
    this, remedy = f"data[{name!r}]", ""
    if dated and not use.free:
        remedy = (
            f"{this} / pd.Timedelta(days=1)"
            if kind.kind == "m"
            else f"({this} - {this}.min()).dt.days"
            if kind.kind == "M"
            else f"{this}.dt.year"
        )
    elif not use.free:
        if values.dropna().astype(str).str.fullmatch(DATE).all():
            remedy = f"pd.to_datetime({this})"
        else:
            try:
                refuse_numbers_as_text(data, name)
            except ValueError as error:
                more = "; or" if "  # " in str(error) else "  # or, if they are categories,"
                raise ValueError(f"{error}{more} C({name}) in the formula") from error
    if remedy:
        raise ValueError(
            f"column {name!r} holds dates or times ({kind}), neither numbers nor categories. "
            f"Remedy: {this} = {remedy}  # or, for a category each, C({name}) in the formula"
        )
    return values.astype(object).where(values.notna(), None).to_numpy()


def _labels(info: Any) -> tuple[list[tuple[str, str]], list[str], dict[str, str]]:
    """Term and level of each column of a patsy design, its code, and the level without one."""
    labels: list[tuple[str, str]] = []
    codes: list[str] = []
    reference = {}
    for term, subterms in info.term_codings.items():
        name = _name(term)
        for subterm in subterms:
            parts = []
            for factor in subterm.factors:
                about = info.factor_infos[factor]
                if about.type == "categorical":
                    coding = subterm.contrast_matrices[factor]
                    texts = [_text(level) for level in about.categories]
                    levels = [
                        # a column for one level has its name, another contrast patsy's suffix
                        texts[part.argmax()]
                        if sorted(part)[-2:] == [0, 1] and part.sum() == 1
                        else suffix.strip("[].")
                        for part, suffix in zip(coding.matrix.T, coding.column_suffixes)
                    ]
                    left = set(texts) - set(levels)
                    if len(term.factors) == 1 and len(left) == 1:
                        reference[name] = left.pop()
                else:
                    columns = about.num_columns
                    levels = [""] if columns == 1 else [str(i) for i in range(columns)]
                parts.append(levels)
            # patsy's first factor runs fastest
            for combination in itertools.product(*reversed(parts)):
                labels.append((name, ":".join(part for part in combination[::-1] if part)))
                codes.append(term.name())
    return labels, codes, reference


def _name(term: Any) -> str:
    """Name of a patsy term without its brackets."""
    return ":".join(_bare(factor.code) for factor in term.factors) or "Intercept"


def _bare(code: str) -> str:
    """Name of a factor without C() and Q(): C(Q("tumor size"), Treatment(2)) is tumor size."""
    node = ast.parse(code, mode="eval").body
    while isinstance(node, ast.Call) and (_is_call(node, "C") or _is_call(node, "Q")):
        node = node.args[0]
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _refuse_infinite(found: Design, plain: pd.DataFrame, complete: np.ndarray) -> None:
    """Raise ValueError for a term that is infinite, or undefined where no column is missing."""
    bad = ~(np.abs(found.values) < LARGEST) & complete[:, None]
    if not bad.any():
        return
    column = int(bad.any(axis=0).argmax())
    bad = bad[:, column]
    row, term = int(bad.argmax()), found.labels[column][0]
    numbers = plain.select_dtypes("number")
    source = [name for name in numbers if re.search(rf"\b{re.escape(str(name))}\b", term)]
    holds = "".join(f"{name} holds {numbers[name].iloc[row]:g}; " for name in source)
    remedy = f"data = data.drop(data.index[{np.flatnonzero(bad).tolist()}])"
    for name in source:
        this, values = f"data[{name!r}]", numbers[name].to_numpy()
        good = values[~bad & np.isfinite(values)]
        if good.size == 0 and np.isnan(values).any():
            remedy = f"data = data.dropna(subset=[{name!r}])"
        elif np.isinf(values).any():
            remedy = f"data = data[{this}.abs() < np.inf]"
        elif good.size and values[bad].max() < good.min():
            remedy = f"data = data[{this} > {values[bad].max():g}]"
            if f"np.log({name})" in term and values[bad].min() == 0:
                remedy += f"  # or, where 0 is a count, np.log1p({name}) in the formula"
    (label,) = found.rows.index[[row]].tolist()
    raise ValueError(
        f"term {term!r}, row {label!r}: {found.values[row, column]:g} is no number "
        f"to fit with ({holds}{int(bad.sum())} such row(s)). Remedy: {remedy}"
    )


def standardised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns with mean 0 and standard deviation 1, and those means and deviations."""
    tiny = np.finfo(float).tiny
    peak = np.maximum(np.abs(values).max(axis=0), tiny)
    middle = (values / peak).mean(axis=0) * peak
    centred = values - middle  # before any division: no digit of 1e9 + 0.1 is lost
    peak = np.maximum(np.abs(centred).max(axis=0), tiny)
    scale = (centred / peak).std(axis=0) * peak
    scale = np.where(scale > 0, scale, 1)
    return centred / scale, middle, scale


def _refuse_sums(found: Design, gaps: list[str]) -> None:
    """Raise ValueError for a column that the ones before it already hold."""
    columns = [j for j, code in enumerate(found.codes) if code != INTERCEPT]
    scaled, _, _ = standardised(found.values[:, columns])
    left = np.zeros(len(columns))
    if len(scaled) >= len(columns) and columns:
        left = np.abs(np.diag(np.linalg.qr(scaled, mode="r"))) / np.sqrt(len(scaled))
    if (left > 1e-7).all():
        return
    last = int((left <= 1e-7).argmax())
    j = columns[last]
    (term, level), code = found.labels[j], found.codes[j]
    same = [i for i in columns if found.codes[i] == code]
    named = level and term in found.reference and term in found.rows
    if named and (found.values[:, same] != 0).any(axis=1).all():
        remedy = f". Remedy: data = data.dropna(subset={gaps})" if gaps else found.without(j)
        if isinstance(found.rows[term].dtype, pd.CategoricalDtype):
            held = found.rows[term].cat.remove_unused_categories().cat.categories.tolist()
            order = held + [c for c in found.rows[term].cat.categories.tolist() if c not in held]
            remedy = f". Remedy: data[{term!r}] = data[{term!r}].cat.reorder_categories({order})"
        raise ValueError(
            f"term {term!r}: the reference level {found.reference[term]!r} holds no row, so the "
            f"other levels have nothing to be compared with{remedy}"
        )
    if len(scaled) < len(columns):
        raise ValueError(
            f"formula {found.formula!r}: {len(columns)} coefficients cannot be told from "
            f"{len(scaled)} rows{found.without(columns[-1])}"
        )
    weights = np.linalg.lstsq(scaled[:, :last], scaled[:, last], rcond=None)[0]
    others = [found.name(columns[i]) for i, weight in enumerate(weights) if abs(weight) > 1e-6]
    remedy = found.without(j)
    if re.match(r"(cr|cc|te)\(", code) and "constraints" not in code:  # these sum to 1
        centred = f"{found.formula} - {code} + {code[:-1]}, constraints='center')"
        remedy = f". Remedy: formula={centred!r}"
    raise ValueError(
        f"{found.name(j)} is a sum of others ({' and '.join(others)}): their coefficients cannot "
        f"be told apart{remedy}"
    )


def without_event(found: Design, events: np.ndarray) -> tuple[str, str] | None:
    """Say which levels, or which value of a 0/1 term, hold no event, and the remedy.

    None if all hold one.
    """
    for code in dict.fromkeys(found.codes):
        columns = [j for j, other in enumerate(found.codes) if other == code]
        block, term = found.values[:, columns], found.labels[columns[0]][0]
        if code == INTERCEPT or not np.isin(block, (0, 1)).all():
            continue
        levels, first = [found.labels[j][1] for j in columns], found.reference.get(term, "")
        names = [f"level {level!r}" if level else f"{term} = 1" for level in levels]
        rest = f"level {first!r}" if first else "its other rows" if any(levels) else f"{term} = 0"
        cells = [*zip(names, levels, block.T == 1), (rest, first, (block == 0).all(axis=1))]
        thin = [cell for cell in cells if cell[2].any() and not events[cell[2]].any()]
        if thin:
            return (
                f"term {term!r}: no event among {', '.join(name for name, _, _ in thin)}",
                found.joined(columns[-1], [level for _, level, _ in thin]),
            )
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
