# Lesson 07: why a second cancer comes.
seer <- read("published", "hnscc_second_primary_seer_2000_2014")
sir_row <- function(name) with(subset(seer, level == name), c(observed, expected, sir(observed, expected)))
figures <- read("published", "figures")
cited <- function(name) with(subset(figures, id == name), as.numeric(c(estimate, ci_low, ci_high)))
clones <- subset(read("published", "cbc_clonality_studies"), poolable == 1)
own_origin <- with(clones, share(sum(pairs - clonally_related), sum(pairs)))
mack <- rbind(cited("mack-2002-1"), cited("mack-2002-2"))
identical_over_fraternal <- exp(log(mack[1, 1] / mack[2, 1]) +
  SIGNS * 1.96 * sqrt(sum(log_se(mack[, 2], mack[, 3])^2)))
tamoxifen <- read("published", "tamoxifen_trials_contralateral_counts")
ten_trials <- function(method) {
  s <- escalc("RR", ai = tamoxifen_contralateral, n1i = tamoxifen_n,
              ci = control_contralateral, n2i = control_n, data = tamoxifen)
  pool(c(s$yi), sqrt(s$vi), method)
}
value("other-breast (new tumor) > four sequencing studies", own_origin)
value("other-breast (same reason) > ten tamoxifen trials, turned over",
      1 / exp(pooled(ten_trials("REML")))[c(1, 3, 2)])
value("other-breast (same reason) > identical over fraternal twins", identical_over_fraternal)
value("environment (new tumor) > pairs of breast tumors", own_origin)
value("environment (same reason) > head and neck, 10 years and more", sir_row(">=10 y")[3:5])
value("07 > share-table > Klevebring", with(subset(clones, study == "Klevebring 2015"),
                                            share(pairs - clonally_related, pairs)))
value("07 > twins", identical_over_fraternal)
value("07 > pooled > fixed", exp(pooled(ten_trials("FE"))))
value("07 > pooled > REML", exp(pooled(ten_trials("REML"))))
smoke <- read("published", "hn_excess_by_site_morris2011")
value("07 > sites-smoke", with(subset(smoke, second_site != "all solid"), 100 * sum(
  excess_per_10000_person_years[second_site %in% c("lung", "head and neck", "oesophagus")]) /
    sum(excess_per_10000_person_years)))
value("07 > watching > first year", sir_row("2 mo to <1 y"))
