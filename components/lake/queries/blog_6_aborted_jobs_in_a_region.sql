-- Copy jobs that were aborted, in a Region. As in the AWS Storage Blog, which asks the backup jobs.
-- region = ${region}
SELECT * FROM backup_job_report WHERE "job_status" = 'ABORTED' AND "aws region" = '${region}'
