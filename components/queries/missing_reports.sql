-- Days of the last while, until yesterday, on which a report plan delivered nothing since its first report.
-- days = 30
WITH arrived AS (SELECT DISTINCT report_plan, report_date FROM report_deliveries),
plans AS (SELECT report_plan, min(report_date) AS since FROM arrived GROUP BY report_plan),
days AS (
  SELECT date_format(day, '%Y-%m-%d') AS report_date
  FROM UNNEST(sequence(current_date - INTERVAL '${days}' DAY, current_date - INTERVAL '1' DAY, INTERVAL '1' DAY)) AS t (day)
)
SELECT plans.report_plan, days.report_date
FROM plans CROSS JOIN days
LEFT JOIN arrived
  ON arrived.report_plan = plans.report_plan AND arrived.report_date = days.report_date
WHERE arrived.report_plan IS NULL AND days.report_date >= plans.since
ORDER BY plans.report_plan, days.report_date
