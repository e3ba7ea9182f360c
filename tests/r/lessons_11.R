# Lesson 11: smoking at surgery and relapse, from the grouped counts. Everybody gets a place in the
# middle of their period; of those censored in it every other one leaves just before, the rest after.
lung <- read("published", "lung_relapse_by_smoking")
lung$month_to[is.na(lung$month_to)] <- 84
ways <- c(relapses = 1, deaths_without_relapse = 2, censored = 0)
one_row_each <- function(where, who = "current") {
  rows <- subset(lung, cohort == where & smoking == who)
  periods <- aggregate(rows[names(ways)], rows[c("month_from", "month_to")], sum)
  parts <- lapply(names(ways), function(way) {
    n <- periods[[way]]
    side <- if (way == "censored") 2 * ((sequence(n) - 1) %% 2) - 1 else 0
    data.frame(years = (rep((periods$month_from + periods$month_to) / 2, n) + side) / 12,
               first = rep(ways[[way]], sum(n)))
  })
  do.call(rbind, parts)
}
competing <- function(data, k = 1) incidence_at(data$years, data$first, 5, k)[1:3]
without <- function(data, given, at) c(1 - free_at(Surv(years, given) ~ 1, data, at))[c(1, 3, 2)]
censoring <- function(data) without(data, +(data$first == 1), 5)
either <- function(data) without(data, +(data$first > 0), 5)
seoul <- one_row_each("Seoul squamous")
radiogenomics <- one_row_each("NSCLC Radiogenomics")
named <- function(cohort, way)
  paste0("lifestyle (everybody) > ", cohort, ", smoked at surgery: ", way)
for (cohort in c("Seoul squamous", "NSCLC Radiogenomics")) {
  data <- one_row_each(cohort)
  value(named(cohort, "relapse, deaths censored"), censoring(data))
  value(named(cohort, "relapse, death competing"), competing(data))
  value(named(cohort, "relapse or death"), either(data))
  value(paste0("lifestyle (more than half) > ", cohort,
               ", smoked at surgery: relapse, death competing"), competing(data))
}
for (cohort in c("TCGA LUAD", "TCGA LUSC"))
  value(named(cohort, "relapse after the first half-year"), censoring(one_row_each(cohort)))
together <- sapply(list(seoul, radiogenomics), censoring)
arcs <- asin(sqrt(together))
value("lifestyle (everybody) > pooled",
      sin(pooled(pool(arcs[1, ], (arcs[3, ] - arcs[2, ]) / (2 * Z))))^2)
value("11 > fates-table > death first", competing(seoul, 2))
again <- subset(lung, cohort == "Seoul squamous" & smoking == "current")
again <- aggregate(again[c("at_risk", names(ways))], again["month_from"], sum)[1:5, ]
watched <- again$at_risk - again$censored / 2
free <- cumprod(1 - (again$relapses + again$deaths_without_relapse) / watched)
value("11 > life", c(watched[5], free[4], sum(c(1, free[-5]) * again$relapses / watched), free[5]))
outlook <- function(given)
  free_at(Surv(years - given, first > 0) ~ 1, subset(seoul, years > given), 2)
value("11 > outlook > at the start", outlook(0))
value("11 > outlook > after 1", outlook(1))
value("11 > outlook > after 3", outlook(3))
with_years <- transform(lung, years = person_months / 12)
counted <- subset(with_years, cohort %in% c("Seoul squamous", "NSCLC Radiogenomics") &
                    smoking == "current")
value("11 > frailty-table > lung 0-1", with(subset(counted, month_from < 12),
                                            rate(relapses, years, 100)))
value("11 > frailty-table > colon 5+",
      with(subset(split_at(Surv(years, event) ~ ., recurrence, c(1, 2, 3, 5)), period == 5),
           rate(event, person_time, 100)))
going_on <- transform(read("published", "postdx_relapse")[1:3, ], se = log_se(ci_low, ci_high),
                      y = log(hr) * ifelse(effect == "quit v continued", -1, 1))
going_on <- exp(pooled(with(going_on, pool(y, se))))
value("11 > extra > estimate", c(going_on[1], 100 * (1 - c(0.9, 0.7, 0.5)^going_on[1] - c(0.1, 0.3, 0.5))))
value("11 > extra > upper", c(going_on[3], 100 * (1 - c(0.9, 0.7, 0.5)^going_on[3] - c(0.1, 0.3, 0.5))))
pace <- with(subset(counted, month_from == 60), rate(relapses, years))
value("11 > late > highest", 1 - (1 - together[1, ]) * exp(-5 * pace[3]))
quitting <- transform(read("individual", "pharmacosmoking"), helped = +(treatment == "combination"))
value("11 > again-table > patch only",
      free_at(Surv(days, relapse) ~ 1, subset(quitting, helped == 0), 182))
value("11 > again-ratio", ratio(cox(Surv(days, relapse) ~ helped, quitting), "helped"))
