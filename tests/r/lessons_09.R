# Lesson 09: going on smoking and relapse, from the printed ratios and the counts of four cohorts.
panel <- transform(subset(read("published", "postdx_relapse"), !is.na(hr)),
                   se = log_se(ci_low, ci_high),
                   y = log(hr) * ifelse(effect == "quit v continued", -1, 1))
small <- grepl("^limited-stage small-cell", panel$population)
heiden <- which(panel$study == "Heiden")
parsons <- which(panel$study == "Parsons" & !small)
sheikh <- which(panel$study == "Sheikh")
roach <- which(panel$study == "Roach")
postoperative <- which(grepl("^Radiother", panel$study))
together <- function(rows, ...) with(panel[rows, ], pool(y, se, ...))
three <- c(heiden, parsons, sheikh)
value("smoking-relapse > pooled", exp(pooled(together(three))))
value("09 > pooled > class 1", exp(pooled(together(c(heiden, parsons)))))
value("09 > pooled-table > prediction interval", exp(predicted(together(three))[c(1, 4, 5)]))
value("09 > tries-read > without Heiden", exp(pooled(together(c(parsons, sheikh)))))
value("09 > tries-read > without Parsons", exp(pooled(together(c(heiden, sheikh)))))
value("09 > tries-read > with Roach", exp(pooled(together(c(three, roach)))))
value("09 > tries-read > with small-cell", exp(pooled(together(c(three, which(small))))))
value("09 > tries-read > with post-operative", exp(pooled(together(c(three, postoperative)))))
value("09 > tries-read > all six",
      exp(pooled(together(c(three, which(small), roach, postoperative)))))
value("09 > hartung", exp(pooled(together(three, test = "knha"))))
died <- read("published", "meta_postdx_quit_vs_continue_os")
nine <- with(died, pool(-log(hr), log_se(ci_low, ci_high)))
value("smoking-relapse > nine studies of death", exp(pooled(nine)))
printed <- read("published", "figures")
rownames(printed) <- printed$id
events <- function(id) 4 / log_se(printed[id, "ci_low"], printed[id, "ci_high"])^2
value("09 > implied > Heiden, disease-free survival", round(events("heiden-2022-2"), -1))
value("09 > implied > Heiden, death", round(events("heiden-2022-1"), -1))
value("09 > implied > Sheikh", round(events("sheikh-2021-3"), -1))
apart <- function(ids)
  with(printed[ids, ], pool(log(estimate), log_se(ci_low, ci_high), "EE"))$QEp
value("09 > apart > Heiden", apart(c("heiden-2022-1", "heiden-2022-2")))
value("09 > apart > Koshiaris", apart(c("koshiaris-2017-1", "koshiaris-2017-3")))
lung <- transform(read("published", "lung_relapse_by_smoking"), years = person_months / 12,
                  current = +(smoking == "current"), month = factor(month_from),
                  later = +(stage %in% c("node-positive", "stage II-IV")))
smoked <- subset(lung, stage != "not recorded" & smoking != "never")
smoked <- subset(smoked, ave(relapses, cohort, month, FUN = sum) > 0)
own <- sapply(split(smoked, smoked$cohort), function(d) {
  fit <- poisson_glm(relapses ~ month + later + current + offset(log(years)), d)
  c(coef(fit)[["current"]], sqrt(vcov(fit)["current", "current"]))
})
value("smoking-relapse > four cohorts, smoking at surgery", exp(pooled(pool(own[1, ], own[2, ]))))
value("09 > surgery > TCGA LUAD", exp(own[1, "TCGA LUAD"] + SIGNS * Z * own[2, "TCGA LUAD"]))
first <- subset(lung, month_from == 0)
value("09 > early > Seoul squamous",
      with(subset(first, cohort == "Seoul squamous"), rate(relapses, years, 100)))
value("09 > early > TCGA LUAD",
      with(subset(first, cohort == "TCGA LUAD"), rate(relapses, years, 100)))
value("09 > early-deaths > TCGA LUAD",
      with(subset(first, cohort == "TCGA LUAD"), rate(deaths_without_relapse, years, 100)))
colon <- read("individual", "colon_adjuvant")
at_365 <- subset(merge(colon[colon$outcome == "death", c("id", "time", "event")],
                       colon[colon$outcome == "recurrence", c("id", "time", "event")],
                       by = "id", suffixes = c("", "_relapse")), time > 365)
at_365 <- transform(at_365, time = time - 365,
                    exposed = +(event_relapse == 1 & time_relapse <= 365))
value("09 > ex-landmark-check", ratio(cox(Surv(time, event) ~ exposed, at_365), "exposed")[1])
e_value <- function(hr) {
  rr <- (1 - 0.5^sqrt(hr)) / (1 - 0.5^sqrt(1 / hr))
  rr + sqrt(rr * (rr - 1))
}
value("09 > hidden > death", e_value(exp(pooled(nine)[1:2])))
