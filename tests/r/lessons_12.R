# Lesson 12: the Rotterdam women and the German trial, a model judged abroad, and two trials of effort.
rotterdam <- transform(read("individual", "rotterdam_breast"), years = ifelse(
  recurrence == 1, recurrence_months, death_months) / 12, first = ifelse(recurrence == 1, 1, 2 * death))
rotterdam$event <- +(rotterdam$first > 0)
german <- transform(read("individual", "gbsg_breast"), years = rfs_months / 12,
                    event = recurrence_or_death)
after <- transform(subset(rotterdam, recurrence == 1), years = (death_months - recurrence_months) / 12)
alive_free <- function(data) free_at(Surv(years, event) ~ 1, data, 5)
both <- rbind(alive_free(german), alive_free(rotterdam))
value("control (comes or not) > German trial", both[1, ])
value("control (comes or not) > Rotterdam", both[2, ])
arcs <- asin(sqrt(both))
value("control (comes or not) > pooled",
      sin(pooled(pool(arcs[, 1], (arcs[, 3] - arcs[, 2]) / (2 * Z))))^2)
value("control (held or not) > Rotterdam, after a recurrence",
      free_at(Surv(years, death) ~ 1, after, 5))
value("12 > held-table > 1 year", free_at(Surv(years, death) ~ 1, after, 1))
value("12 > held-table > 3 years", free_at(Surv(years, death) ~ 1, after, 3))
value("12 > fates-table > recurrence", with(rotterdam, incidence_at(years, first, 5))[1:3])
value("12 > fates-table > death first", with(rotterdam, incidence_at(years, first, 5, 2))[1:3])

measures <- function(data, over_20, over_50) data.frame(
  years = data$years, event = data$event, age = (data$age - 50) / 10,
  post = +(data$meno == "post"), over_20, over_50, grade_3 = +(data$grade == 3),
  nodes = log2(data$nodes), pgr = log1p(data$pgr), er = log1p(data$er), hormon = data$hormon)
learn <- subset(rotterdam, nodes > 0)
learn <- measures(learn, +(learn$size != "<=20"), +(learn$size == ">50"))
judge <- measures(german, +(german$size > 20), +(german$size > 50))
model <- coxph(Surv(years, event) ~ ., learn, ties = "breslow", control = exact)
value("12 > fit > node_doublings", ratio(model, "nodes"))
value("12 > fit > hormon", ratio(model, "hormon"))
score_of <- function(data) drop(as.matrix(data[names(coef(model))]) %*% coef(model))
baseline <- basehaz(model, centered = FALSE)
baseline <- max(baseline$hazard[baseline$time <= 5])
hers <- score_of(judge)[[1]]
value("12 > step-score", hers)
value("12 > step-share", c(baseline, baseline * exp(hers), exp(-baseline * exp(hers))))
ranked <- function(data) {
  fit <- concordance(Surv(years, event) ~ score, transform(data, score = score_of(data)),
                     reverse = TRUE)
  coef(fit) + SIGNS * Z * sqrt(vcov(fit))
}
value("12 > scores > where it learned", ranked(learn))
value("12 > scores > elsewhere", ranked(judge))
judge$free <- exp(-baseline * exp(score_of(judge)))
judge$fifth <- cut(judge$free, quantile(judge$free, 0:5 / 5), labels = 1:5, include.lowest = TRUE)
fifth <- function(k) with(subset(judge, fifth == k),
                          c(mean(free), sum(years >= 5), alive_free(data.frame(years, event))))
value("12 > calibration-table > lowest", fifth(1))
value("12 > calibration-table > highest", fifth(5))
brier <- function(predicted) {
  # at tied times events come before censoring: censored times are moved a hair later
  censoring <- survfit(Surv(years + 1e-6 * (1 - event), 1 - event) ~ 1, judge)
  observed_until <- function(t) c(1, censoring$surv)[findInterval(t, censoring$time) + 1]
  with(judge, mean(ifelse(years <= 5 & event == 1, predicted^2 / observed_until(years - 1e-6),
                   ifelse(years > 5, (1 - predicted)^2 / observed_until(5 + 1e-5), 0))))
}
value("12 > brier", 1 - brier(judge$free) / brier(both[1, 1]))
value("12 > same", 2 * median(judge$free) * (1 - median(judge$free)))

lot <- transform(subset(read("published", "lifestyle_and_supplement_rcts"),
                        comparison == "as randomised" & !is.na(ci_low)),
                 y = log(hr), se = log_se(ci_low, ci_high))
pair <- subset(lot, trial %in% c("CHALLENGE", "SUCCESS-C"))
together <- function(rows, ...) exp(pooled(with(rows, pool(y, se, ...))))
value("effort (testable part) > pooled", together(pair))
value("12 > together > one common effect", together(pair, method = "EE"))
value("12 > differ", exp(diff(pair$y) + SIGNS * Z * sqrt(sum(pair$se^2))))
wider <- subset(lot, kind %in% c("exercise", "weight", "food") & trial != "WHI-DM" &
                  !grepl("^death", outcome) & !(trial == "START" & outcome == "recurrence"))
value("12 > wider-shown > of exercise or weight", together(subset(wider, kind != "food")))
value("12 > wider-shown > and the diets", together(wider))
