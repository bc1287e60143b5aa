-- Backup jobs of the last days that completed with issues: AWS Backup says so by a message alone.
-- days = 7
SELECT account_id, region, resource_type, resource_arn, backup_job_id, status_message,
  completion_date
FROM ${newest:backup_jobs} AS jobs
WHERE job_status = 'COMPLETED' AND coalesce(status_message, '') <> ''
AND creation_date >= current_date - INTERVAL '${days}' DAY
ORDER BY completion_date DESC, backup_job_id
