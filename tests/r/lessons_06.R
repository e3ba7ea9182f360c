# Lesson 06: how often a second cancer comes.
seer <- read("published", "hnscc_second_primary_seer_2000_2014")
figures <- read("published", "figures")
cited <- function(name) with(subset(figures, id == name), as.numeric(c(estimate, ci_low, ci_high)))
sir_row <- function(name) with(subset(seer, level == name), c(observed, expected, sir(observed, expected)))
gap <- function(name) with(subset(seer, level == name),
                           1000 * c(observed, expected, observed - expected) / person_years)
storm <- subset(read("published", "cbc_cohort_summary"), study == "Storm & Jensen 1986")
storm <- transform(storm, observed = contralateral_cancers, expected = contralateral_cancers / sir)
danish <- with(storm, rate(observed, person_years))
borrowed <- with(read("individual", "rotterdam_breast"), rate(death, death_months / 12))[1]
risk_by <- function(cancers, years)
  cancers / (cancers + borrowed) * (1 - exp(-years * (cancers + borrowed)))
value("environment (how often) > Denmark, another type", cited("nielsen-2012-3"))
value("other-breast (how often) > Netherlands register", cited("kramer-2019-1") / 100)
value("other-breast (how often) > formula, Danish rate", risk_by(danish, 10))
value("06 > storm-rate", 1000 * danish)
value("06 > storm-sir", with(storm, c(observed, expected, sir(observed, expected))))
value("06 > storm-excess", with(storm, 1000 * (danish - expected / person_years)))
value("06 > four > risk", 100 * risk_by(danish, 10))
value("06 > ages > <=49", sir_row("<=49"))
value("06 > ages > >=70", sir_row(">=70"))
value("06 > ages-table > 60-69", gap("60-69"))
value("06 > ages-table > >=70", gap(">=70"))
value("06 > times-table > first year", sir_row("2 mo to <1 y"))
value("06 > times-table > 10 years", sir_row(">=10 y"))
pieces <- split_at(Surv(years, recurrence) ~ 1,
                   transform(read("individual", "rotterdam_breast"), years = recurrence_months / 12),
                   c(2, 5, 10, 15))
value("06 > recurrence-table > first", with(subset(pieces, period == 1), c(
  sum(recurrence), sum(person_time), rate(recurrence, person_time, 1000))))
value("06 > recurrence-table > years 10-15", with(subset(pieces, period == 4), c(
  sum(recurrence), sum(person_time), rate(recurrence, person_time, 1000))))
