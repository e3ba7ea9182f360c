# Lesson 00: the colon trial; whoever is sourced later may use `colon`, `recurrence`, `death`, `people`.
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
value("00 > curve-table", row_at(Surv(years, event) ~ 1, recurrence, 5))
value("00 > three-table > death", row_at(Surv(years, event) ~ 1, death, 5))
value("00 > three-table > either", row_at(Surv(either_years, either) ~ 1, people, 5))
value("00 > ratio", ratio(cox(Surv(years, event) ~ treatment,
                              subset(recurrence, treatment != "Lev")), "treatmentLev+5FU"))
