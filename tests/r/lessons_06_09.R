# Numbers of lessons 06 to 09; sourced by lessons.R after lessons_00_05.R, whose data it shares.

# ---- 06 smoking and lung cancer ----------------------------------------------------------------
china <- read("published", "china_smoking")
cities <- array(t(as.matrix(china[-1])), c(2, 2, 8))
within_city <- mantelhaen.test(cities, correct = FALSE)
value("smoking-cause > China, eight cities", c(within_city$estimate, within_city$conf.int))
doctors <- transform(read("published", "british_doctors"), smokes = +(cigarettes_per_day != "0"))
value("smoking-cause > British doctors", ratio(poisson_glm(
  lung_cancer_deaths ~ years_smoked + smokes + offset(log(person_years)), doctors), "smokes"))
passive <- with(read("published", "hackshaw_ets37"), pool(log(odds_ratio), log_se(ci_low, ci_high)))
value("smoking-cause > 37 studies of husbands' smoke", exp(pooled(passive)))
panel <- transform(read("published", "postdx_relapse"), se = log_se(ci_low, ci_high),
                   y = log(hr) * ifelse(effect == "quit v continued", -1, 1))
three <- with(panel[1:3, ], pool(y, se))
value("smoking-relapse > Sheikh, Heiden and Parsons pooled", exp(pooled(three)))
value("smoking-relapse > plus Parsons, small-cell", exp(pooled(with(panel[1:4, ], pool(y, se)))))
value("smoking-relapse > Caini 2025, all cancers", with(panel[5, ], 1 / c(hr, ci_high, ci_low)))
lung <- transform(read("published", "lung_relapse_by_smoking"), years = person_months / 12,
                  current = +(smoking == "current"), former = +(smoking == "former"),
                  later = +(stage %in% c("node-positive", "stage II-IV")),
                  month = factor(month_from))
staged <- subset(lung, stage != "not recorded")
smoked <- subset(staged, smoking != "never")
with_relapse <- subset(smoked, ave(relapses, cohort, month, FUN = sum) > 0)
at_surgery <- poisson_glm(relapses ~ interaction(cohort, month, drop = TRUE) + cohort:later +
                            current + offset(log(years)), with_relapse)
value("smoking-relapse > four cohorts, smoking at surgery", ratio(at_surgery, "current"))
died <- read("published", "meta_postdx_quit_vs_continue_os")
nine <- with(died, pool(-log(hr), log_se(ci_low, ci_high)))
value("smoking-relapse > nine studies of death", exp(pooled(nine)))
value("06 > model-mh > homogeneity", with(china, rma.mh(
  ai = smoker_case, bi = smoker_control, ci = nonsmoker_case, di = nonsmoker_control,
  measure = "OR"))$TAp)
tens <- c("1-9" = 5, "10-14" = 12, "15-19" = 17, "20-24" = 22, "25-34" = 29.5, "35+" = 40) / 10
value("06 > model-trend", ratio(poisson_glm(
  lung_cancer_deaths ~ years_smoked + tens[cigarettes_per_day] + offset(log(person_years)),
  subset(doctors, smokes == 1 & years_smoked != "15-19")), "tens[cigarettes_per_day]"))
value("06 > model-pool", c(exp(predicted(three)), three$I2, three$QEp))
value("06 > model-fragile > Hartung-Knapp interval",
      exp(pooled(with(panel[1:3, ], pool(y, se, test = "knha")))))
value("06 > model-fragile > without Heiden", exp(pooled(with(panel[c(1, 3), ], pool(y, se)))))
value("06 > model-deaths-table > I-squared", nine$I2)
value("06 > model-deaths-out > without Tao", exp(pooled(
  with(subset(died, study != "Tao 2013"), pool(-log(hr), log_se(ci_low, ci_high))))))
each <- poisson_glm(relapses ~ interaction(cohort, month, drop = TRUE) + cohort:later +
                      cohort:current + offset(log(years)), with_relapse)
own <- paste0("cohort", unique(with_relapse$cohort), ":current")
value("06 > model-by-cohort-table > TCGA LUAD", ratio(each, "cohortTCGA LUAD:current"))
value("06 > model-by-cohort-table > Radiogenomics",
      ratio(each, "cohortNSCLC Radiogenomics:current"))
value("06 > model-by-cohort-test",
      pool(coef(each)[own], sqrt(diag(vcov(each))[own]), "EE")$QEp)
value("06 > model-competing > death without relapse", ratio(poisson_glm(
  deaths_without_relapse ~ cohort + month + cohort:later + current + offset(log(years)), smoked),
  "current"))
value("06 > model-competing-never > death without relapse", ratio(poisson_glm(
  deaths_without_relapse ~ cohort + month + cohort:later + former + current +
    offset(log(years)), staged), "current"))
value("06 > fool-early-table > Seoul", with(subset(
  lung, month_from == 0 & cohort == "Seoul squamous"), rate(relapses, years, 100)))
value("06 > fool-early-table > LUAD", with(subset(
  lung, month_from == 0 & cohort == "TCGA LUAD"), rate(relapses, years, 100)))
e_value <- function(hr) {
  rr <- (1 - 0.5^sqrt(hr)) / (1 - 0.5^sqrt(1 / hr))
  rr + sqrt(rr * (rr - 1))
}
value("06 > fool-evalue > death", e_value(exp(pooled(nine)[1:2])))

# ---- 07 liver ----------------------------------------------------------------------------------
series <- subset(read("published", "km_summaries"), grepl("^Abstinence after resection", study))
cumulative_hazards <- function(exposed, reference) {
  s <- c(exposed$survival_pct, reference$survival_pct) / 100
  n <- c(exposed$n, reference$n)
  exp(log(log(s[1]) / log(s[2])) + SIGNS * Z * sqrt(sum((1 - s) / (n * s * log(s)^2))))
}
at_7 <- function(which) {
  rows <- subset(series, outcome == which & years == 7)
  cumulative_hazards(subset(rows, arm == "not abstinent"), subset(rows, arm == "abstinent"))
}
value("liver-alcohol > 92 people, not abstinent v abstinent (as reported elsewhere)",
      at_7("recurrence-free survival"))
lihc <- transform(subset(read("published", "liver_relapse_by_alcohol"), stage != "not recorded"),
                  named = +grepl("^alcohol", alcohol), period = factor(pmin(month_from, 36)))
value("liver-alcohol > TCGA, alcohol named as risk factor", ratio(poisson_glm(
  relapses ~ period + stage + hepatitis + named + offset(log(person_months)), lihc), "named"))
value("07 > model-abstinence > death", at_7("overall survival"))
value("07 > look-curve-table > 24 months",
      row_at(Surv(rfs_months, relapse_or_death) ~ 1, hcc, 24))
bands <- split_at(Surv(rfs_months, relapse_or_death) ~ ., hcc, c(6, 12, 24, 48))
value("07 > look-rates-table > 0-6",
      with(subset(bands, period == 1), rate(relapse_or_death, person_time / 12, 100)))
value("07 > look-rates-table > 24-48",
      with(subset(bands, period == 4), rate(relapse_or_death, person_time / 12, 100)))
bands <- transform(bands, when = ifelse(from < 24, "early", "late"), period = factor(period),
                   several = tumor_number_code - 1)
marked <- function(term) poisson_glm(
  as.formula(paste("relapse_or_death ~ period + when:", term, "+ offset(log(person_time))")), bands)
value("07 > model-early-table > vascular invasion, early",
      ratio(marked("vascular_invasion"), "whenearly:vascular_invasion"))
value("07 > model-early-table > several tumors, early",
      ratio(marked("several"), "whenearly:several"))
value("07 > model-early-table > cirrhosis, late",
      ratio(marked("cirrhosis"), "whenlate:cirrhosis"))
value("07 > size > 1.25", ceiling((Z + qnorm(0.8))^2 / (0.3 * 0.7 * log(1.25)^2)))

# ---- 08 sooner or later ------------------------------------------------------------------------
# The lesson's intervals come from 2,000 resamples of numpy, ours from 20,000 of R: they can agree
# only within the chance error of the lesson's, hence the tolerances.
cells <- function(where, who = "current")
  rowsum(as.matrix(subset(lung, cohort == where & smoking %in% who,
                          c(relapses, deaths_without_relapse, censored))),
         subset(lung, cohort == where & smoking %in% who)$month_from)
life_table <- function(counts) {
  at_risk <- sum(counts); free <- 1; relapsed <- 0
  for (period in 1:5) {
    watched <- max(at_risk - counts[period, 3] / 2, 0.5)
    relapsed <- relapsed + free * counts[period, 1] / watched
    free <- free * (1 - sum(counts[period, 1:2]) / watched)
    at_risk <- at_risk - sum(counts[period, ])
  }
  c(relapsed = relapsed, free = free)
}
resampled <- function(counts) {
  set.seed(8)
  draws <- rmultinom(20000, sum(counts), counts)
  apply(draws, 2, function(draw) life_table(matrix(draw, nrow(counts))))
}
five_years <- function(where, who = "current") {
  counts <- cells(where, who); draws <- resampled(counts)
  limits <- apply(draws, 1, quantile, c(0.025, 0.975))
  list(relapsed = c(life_table(counts)[["relapsed"]], limits[, "relapsed"]),
       free = c(life_table(counts)[["free"]], limits[, "free"]),
       se = sd(qlogis(draws["relapsed", ])))
}
cohorts <- c("Seoul squamous", "NSCLC Radiogenomics", "TCGA LUAD", "TCGA LUSC")
now <- sapply(cohorts, five_years, simplify = FALSE)
ever <- lapply(cohorts, five_years, who = c("current", "former"))
combine <- function(found)
  plogis(pooled(pool(qlogis(sapply(found, function(f) f$relapsed[1])), sapply(found, `[[`, "se"))))
value("lifestyle > Seoul and Radiogenomics pooled", combine(now[1:2]), 0.01)
value("lifestyle > Seoul squamous", now[["Seoul squamous"]]$relapsed, 0.01)
value("lifestyle > NSCLC Radiogenomics", now[["NSCLC Radiogenomics"]]$relapsed, 0.015)
value("lifestyle > TCGA LUAD, early relapses missing", now[["TCGA LUAD"]]$relapsed, 0.01)
value("lifestyle > TCGA LUSC, early relapses missing", now[["TCGA LUSC"]]$relapsed, 0.01)
value("lifestyle > four cohorts, current or former", combine(ever), 0.01)
value("lifestyle > Seoul squamous, free of relapse and death", now[["Seoul squamous"]]$free, 0.01)
value("lifestyle > NSCLC Radiogenomics, free of relapse and death",
      now[["NSCLC Radiogenomics"]]$free, 0.015)
value("08 > model-figure-table > Seoul", c(112, life_table(cells("Seoul squamous"))[["relapsed"]]))
value("08 > model-figure-table > Radiogenomics",
      c(33, life_table(cells("NSCLC Radiogenomics"))[["relapsed"]]))
yearly <- function(data, which)
  with(subset(split_at(Surv(years, event) ~ ., data, c(1, 2, 3, 5)), period == which),
       rate(event, person_time, 100))
breast <- transform(rotterdam, event = recurrence, either = pmax(
  recurrence, death * (death_months <= recurrence_months)))
value("08 > look-rates-table > colon 0-1", yearly(recurrence, 1))
value("08 > look-rates-table > colon 5+", yearly(recurrence, 5))
value("08 > look-rates-table > breast 5+", yearly(breast, 5))
value("08 > look-rates-table > lung 0-1", with(subset(
  lung, cohort %in% cohorts[1:2] & smoking == "current" & month_from < 12),
  rate(relapses, years, 100)))
outlook <- function(data, given)
  free_at(Surv(years - given, either) ~ 1, subset(data, years > given), 2)
value("08 > model-conditional > colon, 0", outlook(people, 0))
value("08 > model-conditional > colon, 3", outlook(people, 3))
value("08 > model-conditional > breast, 3", outlook(breast, 3))
value("08 > model-absolute > upper, 30%", 100 * (1 - (1 - 0.3)^exp(three$ci.ub)))
quitting <- transform(read("individual", "pharmacosmoking"), helped = +(treatment == "combination"))
value("08 > fool-quit-table > patch only",
      row_at(Surv(days, relapse) ~ 1, subset(quitting, helped == 0), 182))
value("08 > fool-quit-ratio", ratio(cox(Surv(days, relapse) ~ helped, quitting), "helped"))

# ---- 09 luck and control -----------------------------------------------------------------------
rotterdam <- transform(rotterdam, months = ifelse(recurrence == 1, recurrence_months, death_months),
                       first = ifelse(recurrence == 1, 1, 2 * death))
rotterdam$event <- +(rotterdam$first > 0)
german <- transform(read("individual", "gbsg_breast"), months = rfs_months,
                    event = recurrence_or_death)
alive_free <- function(data) free_at(Surv(months, event) ~ 1, data, 60)
value("control (sometimes) > German trial", alive_free(german))
value("control (sometimes) > Rotterdam", alive_free(rotterdam))
value("control (sometimes not) > Rotterdam",
      with(rotterdam, incidence_at(months, first, 60))[1:3])
value("control (sometimes not) > German trial", 1 - alive_free(german)[c(1, 3, 2)])
value("effort (testable part) > SUCCESS-C, as randomised, interval derived from its p-value",
      from_p)
value("09 > look-shares > death first", with(rotterdam, incidence_at(months, first, 60, 2))[1:3])
measures <- function(data, over_20, over_50) data.frame(
  months = data$months, event = data$event, age = (data$age - 50) / 10,
  post = +(data$meno == "post"), over_20, over_50, grade_3 = +(data$grade == 3),
  nodes = log2(data$nodes), pgr = log1p(data$pgr), er = log1p(data$er), hormon = data$hormon)
learn <- subset(rotterdam, nodes > 0)
learn <- measures(learn, +(learn$size != "<=20"), +(learn$size == ">50"))
judge <- measures(german, +(german$size > 20), +(german$size > 50))
model <- coxph(Surv(months, event) ~ ., learn, ties = "breslow", control = exact)
value("09 > fit > node_doublings", c(coef(model)[["nodes"]], ratio(model, "nodes")))
baseline <- basehaz(model, centered = FALSE)
baseline <- max(baseline$hazard[baseline$time <= 60])
value("09 > step-share > baseline", baseline)
ranked <- function(data) {
  data$score <- drop(as.matrix(data[names(coef(model))]) %*% coef(model))
  fit <- concordance(Surv(months, event) ~ score, data, reverse = TRUE)
  coef(fit) + SIGNS * Z * sqrt(vcov(fit))
}
value("09 > rank > apparent", ranked(learn))
value("09 > rank > external", ranked(judge))
judge$free <- exp(-baseline * exp(drop(as.matrix(judge[names(coef(model))]) %*% coef(model))))
judge$fifth <- cut(judge$free, quantile(judge$free, 0:5 / 5), labels = 1:5, include.lowest = TRUE)
value("09 > calibrate-table > lowest", with(subset(judge, fifth == 1), c(
  mean(free), free_at(Surv(months, event) ~ 1, data.frame(months, event), 60))))
value("09 > calibrate-table > highest", with(subset(judge, fifth == 5), c(
  mean(free), free_at(Surv(months, event) ~ 1, data.frame(months, event), 60))))
brier <- function(predicted) {
  # at tied times events come before censoring: censored times are moved a hair later
  censoring <- survfit(Surv(months + 1e-6 * (1 - event), 1 - event) ~ 1, judge)
  observed_until <- function(t) c(1, censoring$surv)[findInterval(t, censoring$time) + 1]
  with(judge, mean(ifelse(months <= 60 & event == 1, predicted^2 / observed_until(months - 1e-6),
                   ifelse(months > 60, (1 - predicted)^2 / observed_until(60 + 1e-5), 0))))
}
value("09 > brier", c(brier(judge$free), brier(alive_free(german)[1]),
                      1 - brier(judge$free) / brier(alive_free(german)[1])))
# the lesson draws 10,000 pairs of women with the median prediction; this is what they estimate
value("09 > luck-count > exactly one", 2 * median(judge$free) * (1 - median(judge$free)), 0.015)
