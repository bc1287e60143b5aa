-- Resources that were backed up before, and of which no job completed in the last days.
-- days = 2
SELECT account_id, region, resource_type, resource_arn,
  max(CASE WHEN job_status = 'COMPLETED' THEN completion_date END) AS last_completed,
  max_by(job_status, creation_date) AS last_status,
  max_by(status_message, creation_date) AS last_message
FROM backup_jobs
WHERE coalesce(parent_job_id, '') = ''
GROUP BY account_id, region, resource_type, resource_arn
HAVING coalesce(max(CASE WHEN job_status = 'COMPLETED' THEN completion_date END),
  TIMESTAMP '1970-01-01 00:00:00') < current_date - INTERVAL '${days}' DAY
ORDER BY last_completed, account_id, region, resource_arn
