-- Days of the last while, until yesterday, on which a deployed report plan delivered nothing since its first report; where it never delivered, yesterday.
-- days = 30
WITH arrived AS (SELECT DISTINCT report_plan, report_date FROM report_deliveries),
began AS (SELECT report_plan, min(report_date) AS report_date FROM arrived GROUP BY report_plan),
days AS (
  SELECT date_format(day, '%Y-%m-%d') AS report_date
  FROM UNNEST(sequence(current_date - INTERVAL '${days}' DAY, current_date - INTERVAL '1' DAY, INTERVAL '1' DAY)) AS t (day)
)
SELECT plans.report_plan, days.report_date
FROM report_plans AS plans CROSS JOIN days
LEFT JOIN began ON began.report_plan = plans.report_plan
LEFT JOIN arrived
  ON arrived.report_plan = plans.report_plan AND arrived.report_date = days.report_date
WHERE arrived.report_plan IS NULL
AND days.report_date >= coalesce(began.report_date, date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d'))
ORDER BY plans.report_plan, days.report_date
