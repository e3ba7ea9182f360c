# A second opinion: the numbers behind the verdicts and key points, recomputed in R from data/.
#
#   Rscript tests/r/lessons.R           compare with the committed lessons.json
#   Rscript tests/r/lessons.R --write   write lessons.json
#
# It reads the CSV files only and shares no code with utils/. The numbers are in the chapters, every
# lessons_*.R beside this file. Each `value(...)` is named by where the lessons show it: a verdict line
# ("claim (part) > label") or a printed cell ("lesson > cell id > row"). The expression that made it
# is stored beside it.

script <- sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))
folder <- dirname(gsub("~+~", " ", script, fixed = TRUE))  # how Rscript passes on a space
needed <- c("survival", "cmprsk", "metafor", "jsonlite")
missing <- needed[!sapply(needed, requireNamespace, quietly = TRUE)]
if (length(missing)) {
  cat("skipped: R is here, but not its package", paste(missing, collapse = ", "),
      "(on Debian: r-cran-...)\n")
  quit(status = 0)
}
suppressMessages({ library(survival); library(metafor) })

# ---- helpers: each is a thin shell around one R call -------------------------------------------
Z <- qnorm(0.975)
SIGNS <- c(0, -1, 1)
exact <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)

read <- function(kind, name)
  read.csv(file.path(folder, "../../data", kind, paste0(name, ".csv")), na.strings = "")
ratio <- function(fit, term) exp(coef(fit)[[term]] + SIGNS * Z * sqrt(vcov(fit)[term, term]))
cox <- function(formula, data, ...) coxph(formula, data, control = exact, ...)
poisson_glm <- function(formula, data)
  glm(formula, poisson, data, control = list(epsilon = 1e-14, maxit = 100))
rate <- function(events, time, per = 1) {
  test <- poisson.test(sum(events), sum(time))
  per * c(test$estimate, test$conf.int)
}
sir <- function(observed, expected) {
  test <- poisson.test(observed, expected)
  c(test$estimate, test$conf.int)
}
share <- function(events, n) {
  test <- binom.test(events, n)
  c(test$estimate, test$conf.int)
}
free_at <- function(formula, data, at) {
  s <- summary(survfit(formula, data, conf.type = "log-log"), times = at)
  cbind(s$surv, s$lower, s$upper)
}
row_at <- function(formula, data, at) {
  s <- summary(survfit(formula, data, conf.type = "log-log"), times = at)
  c(s$n.risk, s$surv, s$std.err, s$lower, s$upper)
}
incidence_at <- function(time, cause, at, k = 1) {
  fit <- survfit(Surv(time, factor(cause, 0:max(cause))) ~ 1, conf.type = "log-log")
  s <- summary(fit, times = at)
  stopifnot(abs(s$pstate[k + 1] - cmprsk::timepoints(
    cmprsk::cuminc(time, cause), at)$est[k]) < 1e-12)
  c(s$pstate[k + 1], s$lower[k + 1], s$upper[k + 1], s$std.err[k + 1])
}
pool <- function(y, se, method = "REML", ...)
  rma(y, sei = se, method = method, control = list(threshold = 1e-14, maxiter = 1e4), ...)
pooled <- function(fit) c(fit$beta, fit$ci.lb, fit$ci.ub)
predicted <- function(fit) c(pooled(fit), predict(fit)$pi.lb, predict(fit)$pi.ub)
log_se <- function(lower, upper, level = 0.95) log(upper / lower) / (2 * qnorm((1 + level) / 2))
split_at <- function(formula, data, cuts) {
  parts <- survSplit(formula, data, cut = cuts, episode = "period", start = "from")
  parts$person_time <- parts[[all.vars(formula)[1]]] - parts$from
  parts
}

results <- list()
value <- function(where, number, tolerance = 1e-8) {
  call <- paste(trimws(deparse(substitute(number), 500)), collapse = " ")
  stopifnot(!any(sapply(results, `[[`, "where") == where), all(is.finite(number)))
  results[[length(results) + 1]] <<- list(where = where, call = call, tolerance = tolerance,
                                          value = I(as.numeric(number)))
}

# Lesson 00's data are for all; what another chapter makes is its own.
for (chapter in sort(list.files(folder, "^lessons_.+[.]R$", full.names = TRUE)))
  sys.source(chapter, if (grepl("_00", chapter)) globalenv() else new.env())

# ---- write, or compare with what is committed --------------------------------------------------
file <- file.path(folder, "lessons.json")
if ("--write" %in% commandArgs(TRUE)) {
  versions <- lapply(setNames(needed, needed), function(p) as.character(packageVersion(p)))
  jsonlite::write_json(list(R = R.version.string, packages = versions, values = results), file,
                       auto_unbox = TRUE, digits = NA, pretty = TRUE)
  cat(length(results), "values written to lessons.json\n")
  quit(status = 0)
}
committed <- jsonlite::read_json(file, simplifyVector = TRUE)$values
now <- setNames(lapply(results, function(r) as.numeric(r$value)), sapply(results, `[[`, "where"))
different <- setdiff(union(committed$where, names(now)), intersect(committed$where, names(now)))
for (i in which(committed$where %in% names(now))) {
  was <- committed$value[[i]]; is <- now[[committed$where[i]]]
  allowed <- committed$tolerance[i] * pmax(1e-3, abs(was))
  if (length(was) != length(is) || any(abs(was - is) > allowed)) {
    different <- c(different, committed$where[i])
    cat(committed$where[i], "\n  committed", format(was, digits = 10),
        "\n  now      ", format(is, digits = 10), "\n")
  }
}
if (length(different)) {
  cat("NOT the same as committed (or only on one side):", different, sep = "\n  ")
  quit(status = 1)
}
cat(length(now), "values recomputed in R: all as committed\n")
