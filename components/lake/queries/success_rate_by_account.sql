-- How many of each account's backup jobs of the last days completed, by Region and day.
-- days = 7
SELECT account_id, region, CAST(creation_date AS date) AS day, count(*) AS jobs,
  count_if(job_status = 'COMPLETED') AS completed,
  round(100.0 * count_if(job_status = 'COMPLETED') / count(*), 1) AS percent
FROM ${newest:backup_jobs} AS jobs
WHERE creation_date >= current_date - INTERVAL '${days}' DAY
AND job_status NOT IN ('CREATED', 'PENDING', 'RUNNING', 'ABORTING')
GROUP BY account_id, region, CAST(creation_date AS date)
ORDER BY percent, jobs DESC, account_id, region, day
