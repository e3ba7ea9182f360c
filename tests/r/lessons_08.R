# Lesson 08: smoking and getting lung cancer.
china <- read("published", "china_smoking")
cities <- array(t(as.matrix(china[-1])), c(2, 2, 8))
within_city <- mantelhaen.test(cities, correct = FALSE)
value("smoking-cause > China, eight cities", c(within_city$estimate, within_city$conf.int))
value("08 > within > homogeneity", with(china, rma.mh(
  ai = smoker_case, bi = smoker_control, ci = nonsmoker_case, di = nonsmoker_control,
  measure = "OR"))$TAp)
or2 <- function(cells, rows = TRUE) {
  sums <- colSums(cells[rows, c("smoker_case", "smoker_control", "nonsmoker_case",
                                "nonsmoker_control")])
  exp(log(sums[[1]] * sums[[4]] / (sums[[2]] * sums[[3]])) + SIGNS * Z * sqrt(sum(1 / sums)))
}
value("08 > cities-table > all, crude", or2(china))
value("08 > cities-table > Nanjing", or2(china, china$city == "Nanjing"))
doctors <- transform(read("published", "british_doctors"), smoked = +(cigarettes_per_day != "0"))
value("smoking-cause > British doctors", ratio(poisson_glm(
  lung_cancer_deaths ~ years_smoked + smoked + offset(log(person_years)), doctors), "smoked"))
by_class <- poisson_glm(
  lung_cancer_deaths ~ years_smoked + cigarettes_per_day + offset(log(person_years)), doctors)
value("08 > classes-table > 20-24", ratio(by_class, "cigarettes_per_day20-24"))
value("08 > classes-table > 35+", ratio(by_class, "cigarettes_per_day35+"))
tens <- c("1-9" = 5, "10-14" = 12, "15-19" = 17, "20-24" = 22, "25-34" = 29.5, "35+" = 40) / 10
trend <- ratio(poisson_glm(
  lung_cancer_deaths ~ years_smoked + tens[cigarettes_per_day] + offset(log(person_years)),
  subset(doctors, smoked == 1 & years_smoked != "15-19")), "tens[cigarettes_per_day]")
value("08 > trend", trend)
value("08 > ex-twenty-check", trend[1]^2)
value("08 > how-many > smoked",
      with(subset(doctors, smoked == 1), rate(lung_cancer_deaths, person_years, 1000)))
longest <- subset(doctors, years_smoked %in% c("45-49", "50-54", "55-59") &
                    cigarettes_per_day == "35+")
value("08 > dose-table > 45-59 years, 35+",
      with(longest, rate(lung_cancer_deaths, person_years, 1000)))
husbands <- transform(read("published", "hackshaw_ets37"), y = log(odds_ratio),
                      se = log_se(ci_low, ci_high))
passive <- with(husbands, pool(y, se))
value("smoking-cause > 37 studies of husbands' smoke", exp(pooled(passive)))
value("08 > passive > prediction interval", exp(predicted(passive)[4:5]))
value("08 > designs > cohort",
      exp(pooled(with(subset(husbands, design == "cohort"), pool(y, se)))))
value("08 > sizes > small",
      exp(pooled(with(subset(husbands, cases <= median(husbands$cases)), pool(y, se)))))
fifteen <- ratio(poisson_glm(
  lung_cancer_deaths ~ years_smoked + smoked + offset(log(person_years)), doctors), "smoked")[1:2]
value("08 > hidden", fifteen + sqrt(fifteen * (fifteen - 1)))
veterans <- subset(read("published", "sg1964_lungcancer"), study == "U.S. Veterans")
value("08 > ex-veterans-check", with(veterans, 1000 * (deaths_smoked / person_years_smoked -
                                                         deaths_others / person_years_others)))
