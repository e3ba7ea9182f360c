# Numbers of lessons 00 to 05; sourced by lessons.R, whose helpers it uses.

# ---- the data ----------------------------------------------------------------------------------
colon <- transform(read("individual", "colon_adjuvant"), years = time / 365.25,
                   treatment = factor(treatment, c("Obs", "Lev", "Lev+5FU")))
recurrence <- subset(colon, outcome == "recurrence")
death <- subset(colon, outcome == "death")
people <- merge(recurrence, death[c("id", "years", "event")], by = "id",
                suffixes = c("", "_death"))
people <- transform(people, first = ifelse(event == 1, 1, 2 * event_death),
                    exit = ifelse(event == 1, years, years_death),
                    either = pmax(event, event_death),
                    either_years = pmin(years, years_death))

# ---- 00 start here -----------------------------------------------------------------------------
value("00 > curve-table", row_at(Surv(years, event) ~ 1, recurrence, 5))
value("00 > three-table > death", row_at(Surv(years, event) ~ 1, death, 5))
value("00 > three-table > either", row_at(Surv(either_years, either) ~ 1, people, 5))
value("00 > incidence-table > recurrence",
      with(people, incidence_at(exit, first, 5)[c(1, 4, 2, 3)]))
value("00 > incidence-table > death first",
      with(people, incidence_at(exit, first, 5, 2)[c(1, 4, 2, 3)]))

# ---- 01 left-over tumor cells ------------------------------------------------------------------
sarcoma <- subset(read("individual", "tcga_sarc"), residual_tumor %in% c("R0", "R1"))
sarcoma <- transform(sarcoma, years = rfs_days / 365.25, r1 = +(residual_tumor == "R1"),
                     relapse = new_tumor_event * (1 - new_primary))
margin <- cox(Surv(years, new_tumor_event) ~ r1 + strata(histology), sarcoma)
strict <- cox(Surv(years, relapse) ~ r1 + strata(histology), sarcoma)
value("residual > sarcoma margins, R1 v R0", ratio(margin, "r1"))
value("residual > relapse only: 1.67 (0.996 to 2.80)", ratio(strict, "r1"))
trial <- cox(Surv(years, event) ~ treatment, recurrence)
value("residual > colon trial, no drug v Lev+5FU", 1 / ratio(trial, "treatmentLev+5FU")[c(1, 3, 2)])
arm <- function(name) with(people[people$treatment == name, ], incidence_at(years, first, 5))
value("unsolved > colon trial, Lev+5FU arm", arm("Lev+5FU")[1:3])
value("unsolved > sarcoma, clear margin",
      with(subset(sarcoma, r1 == 0), share(sum(new_tumor_event), length(id))))
tie <- subset(read("published", "ctdna_mrd_recurrence_counts"), study == "Tie 2016")
value("unsolved > colon stage II, surgery alone", share(sum(tie$recurred), sum(tie$n)))

cured <- function(data) {
  minus <- function(q) -with(data, {
    cure <- plogis(q[1])
    sum(ifelse(event == 1,
               log(1 - cure) + dweibull(years, exp(q[3]), exp(q[2]), log = TRUE),
               log(cure + (1 - cure) * pweibull(years, exp(q[3]), exp(q[2]), FALSE))))
  })
  fit <- optim(c(0, 0, 0), minus, control = list(reltol = 1e-15, maxit = 5000))
  fit <- optim(fit$par, minus, method = "BFGS", control = list(reltol = 1e-16),
               hessian = TRUE)
  plogis(fit$par[1] + SIGNS * Z * sqrt(solve(fit$hessian)[1, 1]))
}
value("cure > colon trial, Lev+5FU arm", cured(subset(recurrence, treatment == "Lev+5FU")), 1e-6)
value("cure > colon trial, Obs arm", cured(subset(recurrence, treatment == "Obs")), 1e-6)

value("01 > curves-table > Lev+5FU",
      row_at(Surv(years, event) ~ 1, subset(recurrence, treatment == "Lev+5FU"), 5))
value("01 > follow-up > Lev+5FU",
      unlist(quantile(survfit(Surv(years, 1 - event) ~ 1, subset(death, treatment == "Lev+5FU"),
                              conf.type = "log-log"), 0.5)))
log_rank <- survdiff(Surv(years, event) ~ treatment, subset(recurrence, treatment != "Lev"))
value("01 > logrank > Lev+5FU", c(log_rank$chisq, 1, pchisq(log_rank$chisq, 1, lower.tail = FALSE)))
less <- local({
  obs <- arm("Obs"); drug <- arm("Lev+5FU")
  obs[1] - drug[1] + SIGNS * 1.96 * sqrt(obs[4]^2 + drug[4]^2)
})
value("01 > nnt", c(less, 1 / less[c(1, 3, 2)]))
mean_5 <- summary(survfit(Surv(either_years, either) ~ treatment, people), rmean = 5)$table
value("01 > rmst-gain", 12 * (mean_5[3, "rmean"] - mean_5[1, "rmean"] +
        SIGNS * 1.96 * sqrt(sum(mean_5[c(1, 3), "se(rmean)"]^2))))
value("01 > margin-hr > crude", ratio(cox(Surv(years, new_tumor_event) ~ r1, sarcoma), "r1"))
value("01 > ctdna-shares > missed",
      with(tie, share(recurred[group == "negative"], sum(recurred))))
late <- split_at(Surv(years, event) ~ ., subset(recurrence, treatment == "Lev+5FU"), c(2, 4, 6))
value("01 > plateau > 6+", with(subset(late, period == 4), rate(event, person_time, 100)))

# ---- 02 dormancy -------------------------------------------------------------------------------
rotterdam <- transform(read("individual", "rotterdam_breast"), years = recurrence_months / 12,
                       positive = +(er >= 10))
periods <- transform(subset(split_at(Surv(years, recurrence) ~ ., rotterdam, c(2, 5, 10, 15)),
                            period < 5), period = factor(period))
rate_in <- function(which, receptor = 0:1)
  with(subset(periods, period == which & positive %in% receptor),
       rate(recurrence, person_time, 100))
value("dormancy > Rotterdam, all women, years 5 to 10", rate_in(3))
value("dormancy > ER-positive, years 5 to 10", rate_in(3, 1))
value("dormancy > ER-negative, years 5 to 10", rate_in(3, 0))
value("dormancy > Rotterdam, all women, years 10 to 15", rate_in(4))
value("02 > look-table > ER-negative 0-2", rate_in(1, 0))
value("02 > look-table > ER-positive 0-2", rate_in(1, 1))
value("02 > look-table > ER-positive 2-5", rate_in(2, 1))
value("02 > model-average", ratio(cox(Surv(years, recurrence) ~ positive, rotterdam), "positive"))
by_period <- poisson_glm(recurrence ~ period + period:positive + offset(log(person_time)), periods)
value("02 > model-figure-table > years 0-2", ratio(by_period, "period1:positive"))
value("02 > model-figure-table > years 5-10", ratio(by_period, "period3:positive"))
halves <- split_at(Surv(years, recurrence) ~ ., rotterdam, c(5, 15))
half <- function(which)
  cox(Surv(from, years, recurrence) ~ positive, subset(halves, period == which))
value("02 > model-halves > 0-5", ratio(half(1), "positive"))
value("02 > model-halves > 5-15", ratio(half(2), "positive"))
ahead <- function(receptor, given)
  free_at(Surv(years - given, recurrence) ~ 1,
          subset(rotterdam, positive == receptor & years > given), 5)
value("02 > model-conditional > ER-positive, 5 years", ahead(1, 5))
value("02 > model-conditional > ER-negative, 5 years", ahead(0, 5))
free <- subset(transform(rotterdam, further = years - 5, first = ifelse(
  recurrence == 1, 1, 2 * (death == 1 & death_months <= recurrence_months))),
  positive == 1 & further > 0)
value("02 > model-competing", with(free, incidence_at(further, first, 5))[c(1, 4, 2, 3)])

# ---- 03 immunity -------------------------------------------------------------------------------
skin <- read("individual", "tcga_skcm")
value("weak-after > melanoma samples without lymphocytes",
      with(skin, share(sum(lymphocyte_score == 0, na.rm = TRUE), sum(!is.na(lymphocyte_score)))))
e1684 <- transform(read("individual", "e1684_interferon"), drug = +(treatment == "interferon"))
value("immunity > interferon, E1684",
      ratio(cox(Surv(relapse_years, relapse_or_death) ~ drug, e1684), "drug"))
value("immunity > BCG, more v less, pooled trials",
      with(subset(read("published", "immunotherapy_trial_arms"), trial == "Quan 2017"),
           1 / c(estimate, ci_high, ci_low)))
value("immunity > levamisole alone, colon trial",
      ratio(cox(Surv(time, event) ~ I(treatment == "Lev"),
                subset(recurrence, treatment != "Lev+5FU")), 'I(treatment == "Lev")TRUE'))
hcc <- read("individual", "hcc_asaur")
counted <- subset(hcc, !is.na(cd8_tumor))
many <- function(marker, cut = 0.5)
  cox(Surv(rfs_months, relapse_or_death) ~ high,
      transform(counted, high = +(counted[[marker]] > quantile(counted[[marker]], cut))))
value("immunity > killer T cells in liver cancer", ratio(many("cd8_tumor"), "high"))
skin <- subset(skin, !is.na(specimen) & !is.na(lymphocyte_score) & !is.na(melanoma_death) &
                 days_from_specimen > 0 & days_from_diagnosis >= days_from_specimen &
                 melanoma_death <= death)
skin <- transform(skin, spread = +(specimen != "primary tumor"),
                  entry = days_from_diagnosis - days_from_specimen)
value("immunity > lymphocytes in melanoma",
      ratio(cox(Surv(days_from_specimen, melanoma_death) ~ lymphocyte_score + strata(specimen),
                skin), "lymphocyte_score"))
first_year <- split_at(Surv(relapse_years, relapse_or_death) ~ ., e1684, 1)
faded <- function(which)
  ratio(cox(Surv(from, relapse_years, relapse_or_death) ~ drug,
            subset(first_year, period == which)), "drug")
value("03 > model-faded > years 0-1", faded(1))
value("03 > model-faded > years 1+", faded(2))
markers <- grep("^cd", names(hcc), value = TRUE)
p_values <- sapply(markers, function(m) summary(many(m))$coefficients[1, "Pr(>|z|)"])
value("03 > model-markers-table > cd20_nontumor",
      c(ratio(many("cd20_nontumor"), "high"), p_values[["cd20_nontumor"]],
        p.adjust(p_values, "holm")[["cd20_nontumor"]]))
value("03 > fool-cuts-table > cut at 70%", ratio(many("cd68_tumor", 0.7), "high"))
value("03 > fool-mended-table > spread, wrong: diagnosis",
      ratio(cox(Surv(days_from_diagnosis, melanoma_death) ~ spread, skin), "spread"))
value("03 > fool-mended-table > spread, mended: delayed entry",
      ratio(cox(Surv(entry, days_from_diagnosis, melanoma_death) ~ spread, skin), "spread"))

# ---- 04 exercise and food ----------------------------------------------------------------------
programmes <- read("published", "lifestyle_and_supplement_rcts")
success <- subset(programmes, trial == "SUCCESS-C" & comparison == "as randomised")
from_p <- local({
  z <- qnorm(as.numeric(sub("p = ", "", success$note)) / 2, lower.tail = FALSE)
  success$hr * exp(SIGNS * Z * abs(log(success$hr - 0.005)) / z)
})
value("exercise > SUCCESS-C as randomised, interval worked out from p", from_p)
select <- subset(programmes, trial == "SELECT" & intervention == "vitamin E")
value("food > vitamin E pill (SELECT)",
      with(select, hr * exp(SIGNS * Z * log_se(ci_low, ci_high, 0.99))))
bladder <- transform(subset(read("individual", "bladder1_recurrence"), stop > start),
                     recurred = +(status == 1), b6 = +(treatment == "pyridoxine"),
                     thiotepa = +(treatment == "thiotepa"), person_years = (stop - start) / 12)
value("food > vitamin B6 pill, first recurrence",
      ratio(cox(Surv(stop, recurred) ~ b6 + thiotepa, subset(bladder, start == 0)), "b6"))
value("food > vitamin B6 pill, all recurrences",
      ratio(cox(Surv(start, stop, recurred) ~ b6 + thiotepa + cluster(id), bladder,
                ties = "breslow"), "b6"))
counts <- function(row) list(ai = row$events_intervention, n1i = row$n_intervention,
                             ci = row$events_control, n2i = row$n_control)
compare <- function(row, measure) {
  s <- do.call(escalc, c(counts(row), measure = measure))
  c(s$yi) + SIGNS * Z * sqrt(s$vi)
}
challenge <- subset(programmes, trial == "CHALLENGE")
wins <- subset(programmes, trial == "WINS")
whel <- subset(programmes, trial == "WHEL" & grepl("^recurrence", outcome))
value("04 > model-arms > risk ratio", exp(compare(challenge, "RR")))
value("04 > model-arms > risk difference", compare(challenge, "RD"))
value("04 > model-food > WINS, risk ratio", exp(compare(wins, "RR")))
value("04 > model-food > WHEL, risk ratio", exp(compare(whel, "RR")))
diets <- with(rbind(wins, whel), pool(log(hr), log_se(ci_low, ci_high)))
value("04 > model-food-pool", exp(pooled(diets)))
value("04 > model-food-pool > I-squared", diets$I2)
value("04 > model-all > pyridoxine",
      with(subset(bladder, b6 == 1), rate(recurred, stop - start, 100)))
mean_count <- function(drug) {
  s <- summary(survfit(Surv(start, stop, recurred) ~ 1, subset(bladder, treatment == drug),
                       id = id), times = 36, data.frame = FALSE)
  c(s$cumhaz, s$std.chaz, s$cumhaz * exp(SIGNS[2:3] * Z * s$std.chaz / s$cumhaz))
}
value("04 > model-count-table > placebo, 36 months", mean_count("placebo"))
value("04 > model-count-table > pyridoxine, 36 months", mean_count("pyridoxine"))

# ---- 05 second breast cancer -------------------------------------------------------------------
seer <- read("published", "hnscc_second_primary_seer_2000_2014")
excess <- function(row, per = 1)
  with(row, per * (sir(observed, expected) - 1) * expected / person_years)
years_5 <- subset(seer, level == "5 to <10 y")
years_10 <- subset(seer, level == ">=10 y")
storm <- subset(read("published", "cbc_cohort_summary"), study == "Storm & Jensen 1986")
storm <- transform(storm, observed = contralateral_cancers, expected = contralateral_cancers / sir)
value("environment (how often) > SEER 2000-2014", excess(years_5))
value("environment (how often) > Storm & Jensen 1986 (second-hand)", excess(storm))
value("environment (why) > SEER 2000-2014, 10 years and more",
      with(years_10, sir(observed, expected)))
deaths <- with(rotterdam, rate(death, death_months / 12))
risk_10 <- function(cancers)
  cancers / (cancers + deaths[1]) * (1 - exp(-10 * (cancers + deaths[1])))
danish <- with(storm, rate(observed, person_years))
figures <- read("published", "figures")
usa <- with(subset(figures, id == "giannakeas-2021-1"),
            rate(as.numeric(events), as.numeric(events) / (estimate / 100)))
value("other-breast (how often) > Storm & Jensen 1986 (second-hand)", risk_10(danish))
value("other-breast (how often) > Giannakeas 2021", risk_10(usa))
clones <- read("published", "cbc_clonality_studies")
value("other-breast (why) > Three sequencing studies",
      with(clones, share(sum(pairs - clonally_related), sum(pairs))))
tamoxifen <- read("published", "tamoxifen_trials_contralateral_counts")
tamoxifen <- list(ai = tamoxifen$tamoxifen_contralateral, n1i = tamoxifen$tamoxifen_n,
                  ci = tamoxifen$control_contralateral, n2i = tamoxifen$control_n)
ten_trials <- function(measure, ...) {
  s <- do.call(escalc, c(tamoxifen, measure = measure))
  pool(c(s$yi), sqrt(s$vi), ...)
}
value("other-breast (why) > Ten tamoxifen trials (nine second-hand)", exp(pooled(ten_trials("RR"))))
value("05 > look-rate", 1000 * danish)
value("05 > look-sir", with(storm, c(observed, expected, sir(observed, expected))))
value("05 > look-age > <=49", with(subset(seer, level == "<=49"), c(
  sir(observed, expected), excess(data.frame(observed, expected, person_years), 1000))))
value("05 > look-age > >=70", with(subset(seer, level == ">=70"), c(
  sir(observed, expected), excess(data.frame(observed, expected, person_years), 1000))))
value("05 > look-time-table > first year",
      with(subset(seer, level == "2 mo to <1 y"), rate(observed, person_years, 1000)))
value("05 > look-time-table > 10 years", with(years_10, rate(observed, person_years, 1000)))
value("05 > model-death", deaths)
value("05 > clonal-share > doubtful pairs too",
      with(clones, share(sum(pairs - clonally_related) - 3, sum(pairs))))
mh <- do.call(rma.mh, c(tamoxifen, measure = "OR", correct = FALSE))
value("05 > tamoxifen-mantel", c(exp(pooled(mh)), mh$TAp))
value("05 > tamoxifen-rd > REML", 1000 * predicted(ten_trials("RD")))
value("05 > fool-bladder > 0", with(subset(bladder, enum == 1), rate(recurred, person_years)))
value("05 > fool-bladder > 4+", with(subset(bladder, enum >= 5), rate(recurred, person_years)))
