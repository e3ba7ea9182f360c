# Runs the R code stored in one file of tests/r/values/ and prints its values as JSON.
#
#   Rscript tests/r/values.R tests/r/values/lung.json
#
# `setup` is run first, then each `call`. regenerate.py does this for every file and compares.
# The helpers below only pick fields out of R's own results.

suppressMessages({ library(survival); library(metafor) })

cxc <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
km <- function(f) list(time = f$time, n_risk = f$n.risk, n_event = f$n.event,
  n_censor = f$n.censor, surv = f$surv, std_err_surv = f$std.err * f$surv, cumhaz = f$cumhaz,
  std_chaz = f$std.chaz, lower = f$lower, upper = f$upper, strata = f$strata)
ci <- function(f) list(lower = f$lower, upper = f$upper)
qt <- function(f, shares) quantile(f, shares)
lr <- function(f) {
  df <- sum(rowSums(as.matrix(f$exp)) > 0) - 1
  list(chisq = f$chisq, obs = f$obs, exp = f$exp, var = f$var, df = df,
       p = pchisq(f$chisq, df, lower.tail = FALSE))
}
cx <- function(f) {
  s <- summary(f)
  list(n = f$n, nevent = f$nevent, coef = coef(f), var = vcov(f), naive_var = f$naive.var,
       se = sqrt(diag(vcov(f))), loglik = f$loglik, score_test = f$score,
       wald_test = f$wald.test, robust_score = f$rscore, lrt = 2 * diff(f$loglik),
       iter = f$iter, concordance = s$concordance, conf_int = s$conf.int)
}

encode <- function(x) {
  if (is.null(x)) return(NULL)
  if (is.factor(x)) return(as.character(x))
  if (is.list(x)) return(lapply(x, encode))
  if (!is.null(dim(x))) return(list(dim = dim(x), dimnames = dimnames(x), values_colmajor = as.vector(x)))
  if (!is.null(names(x))) return(list(names = names(x), values = unname(x)))
  as.vector(x)
}

stored <- jsonlite::read_json(commandArgs(TRUE)[1])
for (line in stored$setup) eval(parse(text = line), globalenv())
values <- lapply(stored$results, function(result)
  encode(eval(parse(text = result$call), new.env(parent = globalenv()))))
loaded <- intersect(c("survival", "metafor", "metadat", "cmprsk"), loadedNamespaces())
versions <- sapply(loaded, function(p) as.character(packageVersion(p)), simplify = FALSE)
cat(jsonlite::toJSON(list(R = R.version.string, packages = versions, values = values),
                     auto_unbox = TRUE, digits = I(17), na = "string", null = "null"))
