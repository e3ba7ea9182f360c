# Lesson 02: dormancy.
figure <- local({
  rows <- read("published", "figures")
  function(id) unlist(rows[rows$id == id, c("estimate", "ci_low", "ci_high")], use.names = FALSE)
})
rotterdam <- transform(read("individual", "rotterdam_breast"), years = recurrence_months / 12,
                       positive = +(er >= 10))
periods <- transform(subset(split_at(Surv(years, recurrence) ~ ., rotterdam, c(2, 5, 10, 15)),
                            period < 5), period = factor(period))
rate_in <- function(which, receptor = 0:1)
  with(subset(periods, period == which & positive %in% receptor),
       rate(recurrence, person_time, 100))
sparano <- subset(read("published", "ctdna_mrd_recurrence_counts"), study == "Sparano 2018")
cell_rate <- function(row) rate(sparano$recurred[row], sparano$person_years[row], 100)

value("dormancy > Rotterdam, years 5 to 10", rate_in(3))
value("dormancy > ER-positive, years 5 to 10", rate_in(3, 1))
value("dormancy > ER-negative, years 5 to 10", rate_in(3, 0))
value("dormancy > Rotterdam, years 10 to 15", rate_in(4))
value("dormancy > a tumor cell seen, about 5 years on", cell_rate(1))
value("dormancy > none seen, about 5 years on", cell_rate(2))
value("dormancy > Denmark, years 10 to 32", figure("pedersen-2022-1") / 10)
value("dormancy > tamoxifen, 10 v 5, year 10 and later", figure("davies-2013-2"))

value("02_dormancy > rates-table > ER-negative 0-2", rate_in(1, 0))
value("02_dormancy > rates-table > ER-positive 0-2", rate_in(1, 1))
value("02_dormancy > rates-table > ER-positive 2-5", rate_in(2, 1))
value("02_dormancy > average", ratio(cox(Surv(years, recurrence) ~ positive, rotterdam), "positive"))
value("02_dormancy > expected > 0.9", {
  lots <- sapply(rotterdam$years[rotterdam$recurrence == 1], function(t) {
    at_risk <- rotterdam$positive[rotterdam$years >= t]
    0.9 * sum(at_risk) / (0.9 * sum(at_risk) + sum(at_risk == 0))
  })
  sum(lots)
})
in_period <- function(which)
  cox(Surv(from, years, recurrence) ~ positive, subset(periods, period == which))
for_each <- lapply(1:4, in_period)
value("02_dormancy > by-period-table > years 0-2", ratio(for_each[[1]], "positive"))
value("02_dormancy > by-period-table > years 2-5", ratio(for_each[[2]], "positive"))
value("02_dormancy > by-period-table > years 5-10", ratio(for_each[[3]], "positive"))
value("02_dormancy > by-period-table > years 10-15", ratio(for_each[[4]], "positive"))
value("02_dormancy > ahead > ER-positive, 5 years",
      free_at(Surv(years - 5, recurrence) ~ 1, subset(rotterdam, positive == 1 & years > 5), 5))
value("02_dormancy > ahead > ER-negative, 5 years",
      free_at(Surv(years - 5, recurrence) ~ 1, subset(rotterdam, positive == 0 & years > 5), 5))
still <- subset(transform(rotterdam, further = years - 5, first = ifelse(
  recurrence == 1, 1, 2 * (death == 1 & death_months <= recurrence_months))),
  positive == 1 & further > 0)
value("02_dormancy > next-five > recurrence", with(still, incidence_at(further, first, 5))[1:3])
value("02_dormancy > next-five > death first", with(still, incidence_at(further, first, 5, 2))[1:3])
stopped <- transform(rotterdam, recurrence = ifelse(years <= 5, recurrence, 0), years = pmin(years, 5))
value("02_dormancy > stops > 5", ratio(cox(Surv(years, recurrence) ~ positive, stopped), "positive"))
by_period <- poisson_glm(recurrence ~ period + period:positive + offset(log(person_time)), periods)
value("02_dormancy > piecewise > 5-10", ratio(by_period, "period3:positive"))
value("02_dormancy > long > Pan T1 N0", local({
  pan <- read("published", "breast_distant_recurrence_5_20y_pan2017")
  -log(1 - pan$risk_years_5_to_20_pct[1] / 100) / 15 * 100
}))
