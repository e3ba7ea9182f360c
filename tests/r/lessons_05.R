# Lesson 05: exercise and food, from the published rows.
figures <- read("published", "figures")
of <- function(id) figures[match(id, figures$id), ]
together <- function(rows, ...)
  exp(pooled(pool(log(rows$estimate), log_se(rows$ci_low, rows$ci_high), ...)))
exercise <- of(c("courneya-2025-1", "courneya-start-2014-1", "hayes-2018-1"))
food <- of(c("berrino-diana-5-2024-1", "wins-2006-1", "pierce-2007-1"))
value("exercise > pooled",
      together(of(c("courneya-2025-1", "courneya-start-2014-2", "hayes-2018-1"))))
value("food > pooled", together(food))
value("05 > exercise-pool", together(exercise))
value("05 > leave-out > CHALLENGE", together(exercise[-1, ]))
value("05 > leave-out > START", together(exercise[-2, ]))
value("05 > leave-out > Exercise for Health", together(exercise[-3, ]))
value("05 > food-pool > one common effect", together(food, method = "EE"))
spread <- pool(log(food$estimate), log_se(food$ci_low, food$ci_high))
value("05 > food-spread", c(spread$QEp, spread$I2))
value("05 > hollow-in",
      together(rbind(exercise, of(c("goodwin-lisa-2020-1", "success-c-2018-4")))))
trials <- subset(read("published", "lifestyle_and_supplement_rcts"),
                 comparison == "as randomised" & !is.na(events_control) & !is.na(ci_low))
# 100 * (p0 - p1 -+ z sqrt(p1 (1 - p1) / n1 + p0 (1 - p0) / n0)), by hand from metafor's escalc
fewer <- function(trial) {
  row <- trials[trials$trial == trial, ][1, ]
  rd <- escalc("RD", ai = row$events_intervention, n1i = row$n_intervention,
               ci = row$events_control, n2i = row$n_control)
  100 * (-rd$yi[1] + SIGNS * Z * sqrt(rd$vi[1]))
}
value("05 > people > CHALLENGE", fewer("CHALLENGE"))
value("05 > people > WINS", fewer("WINS"))
