# Lesson 01: residual disease. The colon trial (`recurrence`, `people`) comes from lessons_00.R.
figure <- local({
  rows <- read("published", "figures")
  function(id) unlist(rows[rows$id == id, c("estimate", "ci_low", "ci_high")], use.names = FALSE)
})
over <- function(x) 1 / x[c(1, 3, 2)]

sarcoma <- subset(read("individual", "tcga_sarc"), residual_tumor %in% c("R0", "R1"))
sarcoma <- transform(sarcoma, years = rfs_days / 365.25, r1 = +(residual_tumor == "R1"),
                     recurred = new_tumor_event * (1 - new_primary))
sarcoma <- transform(sarcoma, first = ifelse(recurred == 1, 1, ifelse(
  new_primary == 1, 2, 3 * relapse_or_death)))
margin <- cox(Surv(years, recurred) ~ r1 + strata(histology), sarcoma)
drug <- cox(Surv(years, event) ~ relevel(treatment, "Lev+5FU"), recurrence)
drug_line <- ratio(drug, names(coef(drug))[1])

# residual: the two randomised lines, turned over, and their pool
lot <- rbind(over(figure("ebctcg-radiotherapy-2011-2")), over(figure("imvigor011-2025-1")))
value("residual > 17 radiotherapy trials", lot[1, ])
value("residual > IMvigor011, tumor DNA seen", lot[2, ])
value("residual > colon trial, one of very many", drug_line)
value("residual > pooled",
      exp(pooled(pool(log(lot[, 1]), log_se(lot[, 2], lot[, 3])))), 1e-5)
value("residual > sarcoma margins", ratio(margin, "r1"))
no_lev <- cox(Surv(years, event) ~ relevel(treatment, "Lev"), recurrence)
four <- rbind(lot, drug_line, ratio(no_lev, names(coef(no_lev))[1]))
value("01_residual_disease > with-levamisole > supported",
      exp(pooled(pool(log(four[, 1]), log_se(four[, 2], four[, 3])))), 1e-5)

# unsolved
in_arm <- function(arm, cause = 1)
  with(people[people$treatment == arm, ], incidence_at(exit, first, 5, cause))
value("unsolved > melanoma, pembrolizumab arm", figure("eggermont-2022-3") / 100)
value("unsolved > colon trial of 1984-87, Lev+5FU", in_arm("Lev+5FU")[1:3])

# cure: difference of the arms; melanoma as printed
less <- function(time, event) local({
  a <- lapply(c("Obs", "Lev+5FU"), function(name)
    incidence_at(people[people$treatment == name, time], people[people$treatment == name, event], 5))
  a[[1]][1] - a[[2]][1] + SIGNS * 1.96 * sqrt(a[[1]][4]^2 + a[[2]][4]^2)
})
gap <- less("exit", "first")
melanoma_gap <- figure("eggermont-2022-2") / 100
value("cure > colon trial, Lev+5FU v Obs", gap)
value("cure > melanoma, pembrolizumab v placebo", melanoma_gap)
value("cure > pooled", pooled(pool(
  c(gap[1], melanoma_gap[1]),
  c(gap[3] - gap[2], melanoma_gap[3] - melanoma_gap[2]) / (2 * Z))), 1e-5)

# headlines
value("01_residual_disease > shares > Obs", in_arm("Obs")[1:3])
value("01_residual_disease > needed", over(100 * gap) * 100)
value("01_residual_disease > gaps-table > death, whatever the cause",
      100 * less("years_death", "event_death"))
value("01_residual_disease > gaps-table > recurrence or death", 100 * less("exit", "either"))
value("01_residual_disease > margins-table > R0 recurrence",
      with(subset(sarcoma, r1 == 0), incidence_at(years, first, 5))[1:3])
value("01_residual_disease > margins-table > R1 recurrence",
      with(subset(sarcoma, r1 == 1), incidence_at(years, first, 5))[1:3])
value("01_residual_disease > margins-table > R1 death first",
      with(subset(sarcoma, r1 == 1), incidence_at(years, first, 5, 3))[1:3])
value("01_residual_disease > variants-table > recurrence, size held equal",
      ratio(cox(Surv(years, recurred) ~ r1 + log(tumor_size_cm) + strata(histology), sarcoma),
            "r1"))
value("01_residual_disease > variants-table > recurrence or new primary",
      ratio(cox(Surv(years, new_tumor_event) ~ r1 + strata(histology), sarcoma), "r1"))
value("01_residual_disease > clear > missed by the test",
      with(subset(read("published", "ctdna_mrd_recurrence_counts"), study == "Tie 2016"),
           share(recurred[group == "negative"], sum(recurred))))
late <- split_at(Surv(years, event) ~ ., subset(recurrence, treatment == "Lev+5FU"), c(2, 4, 6))
value("01_residual_disease > plateau > 6+",
      with(subset(late, period == 4), rate(event, person_time, 100)))
mean_5 <- summary(survfit(Surv(exit, either) ~ treatment, people), rmean = 5)$table
value("01_residual_disease > mean-gain", 12 * (mean_5[3, "rmean"] - mean_5[1, "rmean"] +
        SIGNS * 1.96 * sqrt(sum(mean_5[c(1, 3), "se(rmean)"]^2))))
cured <- function(data, log_shape) {
  minus <- function(q) -with(data, {
    cure <- plogis(q[1])
    f <- if (log_shape) dlnorm(years, q[2], exp(q[3]), log = TRUE) else
      dweibull(years, exp(q[3]), exp(q[2]), log = TRUE)
    s <- if (log_shape) plnorm(years, q[2], exp(q[3]), FALSE) else
      pweibull(years, exp(q[3]), exp(q[2]), FALSE)
    sum(ifelse(event == 1, log(1 - cure) + f, log(cure + (1 - cure) * s)))
  })
  fit <- optim(c(0, 0.5, 0), minus, control = list(reltol = 1e-15, maxit = 5000))
  fit <- optim(fit$par, minus, method = "BFGS", control = list(reltol = 1e-16), hessian = TRUE)
  plogis(fit$par[1] + SIGNS * Z * sqrt(solve(fit$hessian)[1, 1]))
}
value("01_residual_disease > cured-table > Obs",
      cured(subset(recurrence, treatment == "Obs"), FALSE), 1e-6)
value("01_residual_disease > cured-table > Lev+5FU",
      cured(subset(recurrence, treatment == "Lev+5FU"), FALSE), 1e-6)
value("01_residual_disease > shape-shares > Lev+5FU",
      cured(subset(recurrence, treatment == "Lev+5FU"), TRUE)[1], 1e-6)
