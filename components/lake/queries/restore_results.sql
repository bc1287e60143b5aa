-- Restore jobs of the last days: how they ended, and of restore tests what validation found.
-- days = 90
SELECT account_id, region, resource_type, restore_job_id, job_status,
  CASE WHEN restore_testing_plan_arn IS NOT NULL THEN ${test_outcome} END AS outcome,
  validation_status, validation_status_message, deletion_status, restore_testing_plan_arn,
  recovery_point_arn, status_message, creation_date
FROM ${newest:restore_jobs} AS jobs
WHERE creation_date >= current_date - INTERVAL '${days}' DAY
ORDER BY creation_date DESC, restore_job_id
