# Lesson 10: liver cancer.
hcc <- read("individual", "hcc_asaur")
value("10 > curve-table > 24", free_at(Surv(rfs_months, relapse_or_death) ~ 1, hcc, 24)[1, ])
pieces <- split_at(Surv(rfs_months, relapse_or_death) ~ ., hcc, c(6, 12, 24, 48))
speed <- function(period)
  with(pieces[pieces$period == period, ], rate(relapse_or_death, person_time / 12, 100))
value("10 > speed-table > 0-6", speed(1))
value("10 > speed-table > 24-48", speed(4))
value("10 > met-early", speed(1)[1] / speed(4)[1])

tcga <- transform(read("published", "liver_relapse_by_alcohol"), years = person_months / 12,
                  named = +startsWith(alcohol, "alcohol"), months = factor(pmin(month_from, 36)))
value("10 > by-alcohol > named", with(subset(tcga, named == 1), rate(relapses, years, 100)))
value("10 > by-alcohol > other", with(subset(tcga, named == 0), rate(relapses, years, 100)))
staged <- subset(tcga, stage != "not recorded")
# a stretch in which nobody was watched says nothing
grouped <- function(formula)
  poisson_glm(update(formula, . ~ . + offset(log(years))), subset(staged, years > 0))
value("10 > grouped > all together", ratio(grouped(relapses ~ named), "named"))
like <- grouped(relapses ~ months + stage + hepatitis + named)
value("liver-alcohol > TCGA, alcohol named as a risk factor", ratio(like, "named"))

shares <- read("published", "km_summaries")
# log(-log S), variance (1 - S) / (n S log(S)^2)
of_shares <- function(outcome, years) {
  rows <- shares[startsWith(shares$study, "Abstinence") & shares$outcome == outcome &
                   shares$years == years, ]
  rows <- rows[match(c("not abstinent", "abstinent"), rows$arm), ]
  s <- rows$survival_pct / 100
  y <- log(-log(s)); v <- (1 - s) / (rows$n * s * log(s)^2)
  exp(diff(rev(y)) + SIGNS * 1.96 * sqrt(sum(v)))
}
value("liver-alcohol > 92 people, not abstinent v abstinent",
      of_shares("recurrence-free survival", 7))
value("10 > abstinence > death, 7 years", of_shares("overall survival", 7))

ratios <- subset(read("published", "antiviral_recurrence_ratios"), design == "randomised")
lots <- function(outcome) {
  rows <- ratios[ratios$outcome == outcome, ]
  pool(log(rows$estimate), log_se(rows$ci_low, rows$ci_high))
}
value("liver-drugs (as prescribed) > pooled", exp(pooled(lots("recurrence"))))
early <- lots("early recurrence"); late <- lots("late recurrence")
value("10 > lots-table > early", exp(pooled(early)))
value("10 > lots-table > late", exp(pooled(late)))
value("10 > two-times",
      exp(late$beta[1] - early$beta[1] + SIGNS * 1.96 * sqrt(early$se^2 + late$se^2)))
# Schoenfeld 1983: (z_0.975 + z_0.8)^2 / (p (1 - p) log(HR)^2)
needed <- function(hr, p) (Z + qnorm(0.8))^2 / (p * (1 - p) * log(hr)^2)
value("10 > size > 1.5", ceiling(needed(1.5, 0.3)))
value("10 > size > 1.25", ceiling(needed(1.25, 0.3)))
wu <- subset(read("published", "antiviral_recurrence_ratios"), study == "Wu 2012")
rr <- with(wu, escalc("RR", ai = events_treated, n1i = n_treated, ci = events_untreated,
                      n2i = n_untreated))
value("10 > wu", exp(rr$yi[1] + SIGNS * Z * sqrt(rr$vi[1])))
