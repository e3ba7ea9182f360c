# Numbers of lesson 03; sourced by lessons.R, whose helpers it uses.

printed_03 <- read("published", "figures")
row_03 <- function(id) unlist(printed_03[printed_03$id == id, c("estimate", "ci_low", "ci_high")])
pool_03 <- function(rows, ...) pooled(pool(log(rows[, 1]), log_se(rows[, 2], rows[, 3]), ...))

# ---- weak-after --------------------------------------------------------------------------------
fatigued_03 <- subset(printed_03, id %in% c("profiles-2014-1", "profiles-2014-2"))
tired_03 <- setNames(fatigued_03$estimate / 100, fatigued_03$id)
n_03 <- setNames(fatigued_03$n, fatigued_03$id)
# the printed interval is rounded to a tenth of a point
value("weak-after (weakness) > Dutch registry", local({
  se <- sqrt(sum(tired_03 * (1 - tired_03) / n_03))
  round(-diff(tired_03) + SIGNS * Z * se, 3)
}))
infections_03 <- rbind(row_03("uk-primary-care-2020-2"), row_03("chehab-2022-2"))
value("weak-after (immunity) > pooled", exp(pool_03(infections_03)))

# ---- immunity ----------------------------------------------------------------------------------
low_03 <- rbind(row_03("isufi-2025-3"), row_03("dai-2022-1"), row_03("lymphopenia-cervix-2023-1"))
value("immunity (low immunity) > pooled", exp(pool_03(low_03)))
value("03_immunity > other-ratio > supported",
      exp(pool_03(rbind(c(1.09, 0.78, 1.52), low_03[-1, ]))), 1e-6)
value("immunity (low immunity) > two kinds of drug", local({
  none <- row_03("gupta-2024-1"); two <- row_03("gupta-2024-4")
  se <- sqrt(log_se(none[2], none[3])^2 + log_se(two[2], two[3])^2)
  two[1] / none[1] * exp(SIGNS * 1.96 * se)
}))

colon_03 <- subset(read("individual", "colon_adjuvant"),
                   outcome == "recurrence" & treatment != "Lev+5FU")
levamisole_03 <- ratio(cox(Surv(time, event) ~ I(treatment == "Lev"), colon_03),
                       'I(treatment == "Lev")TRUE')
value("immunity (drugs) > levamisole, colon", levamisole_03)
value("immunity (drugs) > interferon, E1684",
      ratio(cox(Surv(relapse_years, relapse_or_death) ~ I(treatment == "interferon"),
                read("individual", "e1684_interferon")), 'I(treatment == "interferon")TRUE'))
brakes_03 <- t(sapply(c("eggermont-2024-1", "imvigor011-2025-1", "riveros-2023-1",
                        "motzer-2025-1"), row_03))
others_03 <- t(sapply(c("shelley-2001-1", "ives-2017-1", "vansteenkiste-magrit-2016-1",
                        "lee-cik-2019-1"), row_03))
drugs_03 <- rbind(brakes_03, others_03, levamisole_03)
all_03 <- pool(log(drugs_03[, 1]), log_se(drugs_03[, 2], drugs_03[, 3]))
value("immunity (drugs) > pooled", exp(pooled(all_03)))
value("03_immunity > pooled > average, spread and next",
      c(exp(pooled(all_03)), all_03$I2, exp(predicted(all_03))[4:5]), 1e-6)
value("03_immunity > ex-brakes-check", exp(pool_03(brakes_03))[1])
women_03 <- transform(read("individual", "rotterdam_breast"), either = pmax(recurrence, death),
                      months = ifelse(recurrence == 1, recurrence_months, death_months))
value("03_immunity > fit", ratio(cox(Surv(relapse_years, relapse_or_death) ~ treatment,
                                     read("individual", "e1684_interferon")), 1))
value("03_immunity > ex-composite-check",
      c(ratio(cox(Surv(recurrence_months, recurrence) ~ I(meno == "post"), women_03), 1)[1],
        ratio(cox(Surv(months, either) ~ I(meno == "post"), women_03), 1)[1]))
