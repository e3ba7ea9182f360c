# Numbers of lesson 04; sourced by lessons.R, whose helpers it uses.

liver_04 <- subset(read("individual", "hcc_asaur"), !is.na(cd8_tumor))
markers_04 <- grep("^cd", names(liver_04), value = TRUE)
many_04 <- function(marker, cut = 0.5)
  cox(Surv(rfs_months, relapse_or_death) ~ high,
      transform(liver_04, high = +(liver_04[[marker]] > quantile(liver_04[[marker]], cut))))
p_04 <- sapply(markers_04, function(m) summary(many_04(m))$coefficients[1, "Pr(>|z|)"])
value("04_clocks_and_many_tests > holm > cd20, nontumor",
      c(p_04[["cd20_nontumor"]], p.adjust(p_04, "holm")[["cd20_nontumor"]]))
value("04_clocks_and_many_tests > markers-table > cd20, nontumor",
      ratio(many_04("cd20_nontumor"), "high"))
value("04_clocks_and_many_tests > cuts-table > cut at 70%",
      ratio(many_04("cd68_tumor", 0.7), "high"))
value("04_clocks_and_many_tests > chance", 1 - pbinom(0, 12, 0.05))
# 500 deals of R's own generator, by the log-rank test itself: known to about four points
value("04_clocks_and_many_tests > shuffle", local({
  set.seed(3)
  deal <- function() {
    dealt <- sample(liver_04$cd68_tumor)
    min(sapply(seq(0.2, 0.8, 0.1), function(cut)
      survdiff(Surv(rfs_months, relapse_or_death) ~ dealt > quantile(dealt, cut),
               liver_04)$pvalue))
  }
  mean(replicate(500, deal()) < 0.05)
}), 0.04)

skin_04 <- subset(read("individual", "tcga_skcm"),
                  !is.na(specimen) & !is.na(lymphocyte_score) & !is.na(melanoma_death) &
                    days_from_specimen > 0 & days_from_diagnosis >= days_from_specimen &
                    melanoma_death <= death)
skin_04 <- transform(skin_04, spread = +(specimen != "primary tumor"),
                     entry = days_from_diagnosis - days_from_specimen)
clock_04 <- list("wrong: from diagnosis" = Surv(days_from_diagnosis, melanoma_death) ~ .,
                 "mended: from specimen" = Surv(days_from_specimen, melanoma_death) ~ .,
                 "mended: delayed entry" = Surv(entry, days_from_diagnosis, melanoma_death) ~ .)
for (name in names(clock_04)) {
  value(paste("04_clocks_and_many_tests > clocks-table >", name),
        ratio(cox(update(clock_04[[name]], . ~ spread), skin_04), "spread"))
  value(paste("04_clocks_and_many_tests > score-clocks >", name),
        ratio(cox(update(clock_04[[name]], . ~ lymphocyte_score), skin_04), "lymphocyte_score"))
}

marrow_04 <- transform(read("individual", "bmt_leukemia"),
                       died_free = relapse_or_death - relapse)
in_time_04 <- function(kind, outcome) {
  end <- marrow_04$relapse_free_days
  day <- ifelse(marrow_04[[paste0(kind, "_gvhd")]] == 1, marrow_04[[paste0(kind, "_gvhd_days")]], NA)
  day[!is.na(day) & day >= end] <- NA
  rows <- tmerge(marrow_04["id"], data.frame(id = marrow_04$id, end), id = id, tstop = end)
  rows <- tmerge(rows, data.frame(id = marrow_04$id, end, hit = marrow_04[[outcome]], day), id = id,
                 happened = event(end, hit), on = tdc(day))
  rows$disease <- marrow_04$disease[match(rows$id, marrow_04$id)]
  ratio(cox(Surv(tstart, tstop, happened) ~ on + strata(disease), rows), "on")
}
value("04_clocks_and_many_tests > chronic-table > as if known at the start",
      ratio(cox(Surv(relapse_free_days, relapse) ~ chronic_gvhd + strata(disease), marrow_04),
            "chronic_gvhd"))
value("04_clocks_and_many_tests > chronic-table > followed in time", in_time_04("chronic", "relapse"))
value("04_clocks_and_many_tests > acute-table > relapse", in_time_04("acute", "relapse"))
value("04_clocks_and_many_tests > acute-table > death without relapse",
      in_time_04("acute", "died_free"))
value("04_clocks_and_many_tests > ex-landmark-check", local({
  late <- subset(marrow_04, relapse_free_days > 180)
  ratio(cox(Surv(relapse_free_days, relapse) ~ I(chronic_gvhd == 1 & chronic_gvhd_days <= 180) +
              strata(disease), late), 1)[1]
}))
