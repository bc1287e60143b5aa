-- The backup jobs of the last days that ran longest.
-- days = 30
SELECT account_id, region, resource_type, resource_arn, backup_job_id,
  job_run_time_seconds, backup_size_in_bytes, creation_date
FROM ${newest:backup_jobs} AS jobs
WHERE creation_date >= current_date - INTERVAL '${days}' DAY AND job_run_time_seconds IS NOT NULL
ORDER BY job_run_time_seconds DESC, backup_job_id
LIMIT 50
